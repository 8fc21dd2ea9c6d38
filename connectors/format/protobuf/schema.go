package protobuf

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// inlineName is the file name of a schema that stands in the options.
const inlineName = "schema.proto"

// schemaBytesMax bounds what is read of a schema's file.
const schemaBytesMax = 16 << 20

// message finds the message that the options name.
func message(o connector.Options) (protoreflect.MessageDescriptor, error) {
	given := ""
	for _, name := range []string{optionSchema, optionSchemaFile, optionDescriptorFile} {
		if !o.Has(name) {
			continue
		}
		if given != "" {
			return nil, errs.Userf("of '%s' and '%s' only one can be given", given, name)
		}
		given = name
	}
	if given == "" {
		return nil, errs.Userf("format 'protobuf' needs the message's schema").
			WithHint("name a file by '%s' or '%s', or write its text into '%s'", optionSchemaFile, optionDescriptorFile, optionSchema)
	}
	if !o.Has(optionMessage) {
		return nil, errs.Userf("format 'protobuf' needs the option '%s', the name of the message", optionMessage)
	}
	files, err := load(o, given)
	if err != nil {
		return nil, err
	}
	m, err := find(files, o.String(optionMessage))
	if err != nil {
		return nil, &connector.OptionError{Option: optionMessage, Value: true, Err: err}
	}
	return m, nil
}

// load gives the files of a schema.
func load(o connector.Options, given string) ([]protoreflect.FileDescriptor, error) {
	fail := func(err error) ([]protoreflect.FileDescriptor, error) {
		return nil, &connector.OptionError{Option: given, Value: true, Err: errs.Wrap(errs.User, err, "option '%s'", given)}
	}
	if given == optionDescriptorFile {
		files, err := loadSet(o.String(given))
		if err != nil {
			return fail(err)
		}
		return files, nil
	}
	name, resolver := inlineName, &protocompile.SourceResolver{ImportPaths: o.List(optionImports)}
	if given == optionSchema {
		inline := protocompile.SourceAccessorFromMap(map[string]string{inlineName: o.String(given)})
		whole := protocompile.CompositeResolver{&protocompile.SourceResolver{Accessor: inline}, resolver}
		return compile(name, whole, fail)
	}
	path := o.String(given)
	name = filepath.Base(path)
	resolver.ImportPaths = append([]string{cmp.Or(filepath.Dir(path), ".")}, resolver.ImportPaths...)
	return compile(name, resolver, fail)
}

// compile compiles a file and what it imports.
func compile(name string, resolver protocompile.Resolver, fail func(error) ([]protoreflect.FileDescriptor, error)) ([]protoreflect.FileDescriptor, error) {
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(resolver)}
	linked, err := compiler.Compile(context.Background(), name)
	if err != nil {
		return fail(err)
	}
	var files []protoreflect.FileDescriptor
	for _, f := range linked {
		files = append(files, f)
	}
	return withImports(files), nil
}

// withImports adds all files that files import.
func withImports(files []protoreflect.FileDescriptor) []protoreflect.FileDescriptor {
	seen := map[string]bool{}
	var all []protoreflect.FileDescriptor
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()], all = true, append(all, f)
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
	}
	for _, f := range files {
		add(f)
	}
	return all
}

// loadSet reads a FileDescriptorSet, what `protoc --include_imports -o` writes.
func loadSet(path string) ([]protoreflect.FileDescriptor, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > schemaBytesMax {
		return nil, errs.Userf("'%s' has more than %d MiB", path, schemaBytesMax>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		return nil, errs.Userf("'%s' is no FileDescriptorSet: %s", path, err).WithHint("protoc --include_imports -o %s file.proto writes one", path)
	}
	registry, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, errs.Userf("'%s': %s", path, err).WithHint("the set must hold imported files, too: protoc --include_imports")
	}
	var files []protoreflect.FileDescriptor
	registry.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		files = append(files, f)
		return true
	})
	return files, nil
}

// find looks a message up by its full name in protobuf or of its class in Java, or by
// its bare name if no other has it.
func find(files []protoreflect.FileDescriptor, name string) (protoreflect.MessageDescriptor, error) {
	dotted := strings.ReplaceAll(name, "$", ".")
	var bare []protoreflect.MessageDescriptor
	var known []string
	var exact protoreflect.MessageDescriptor
	for _, f := range files {
		java := javaPrefix(f)
		each(f.Messages(), func(m protoreflect.MessageDescriptor) {
			full := string(m.FullName())
			known = append(known, full)
			if within := strings.TrimPrefix(full, string(f.Package())+"."); full == dotted || java+within == dotted {
				exact = m
			}
			if string(m.Name()) == dotted {
				bare = append(bare, m)
			}
		})
	}
	switch {
	case exact != nil:
		return exact, nil
	case len(bare) == 1:
		return bare[0], nil
	}
	err := errs.Userf("the schema has no message '%s'", name)
	if near := errs.Nearest(dotted, known); near != "" {
		return nil, err.WithHint("did you mean '%s'?", near)
	}
	return nil, err.WithHint("it has %s", strings.Join(known[:min(len(known), 10)], ", "))
}

// each calls f for messages and those in them, but not the entries of maps.
func each(all protoreflect.MessageDescriptors, f func(protoreflect.MessageDescriptor)) {
	for i := range all.Len() {
		if m := all.Get(i); !m.IsMapEntry() {
			f(m)
			each(m.Messages(), f)
		}
	}
}

// javaPrefix is what stands before a message's name in Java, with dots for `$`.
func javaPrefix(f protoreflect.FileDescriptor) string {
	options, _ := f.Options().(*descriptorpb.FileOptions)
	pkg := cmp.Or(options.GetJavaPackage(), string(f.Package()))
	if pkg != "" {
		pkg += "."
	}
	if options.GetJavaMultipleFiles() {
		return pkg
	}
	outer := options.GetJavaOuterClassname()
	if outer == "" {
		for _, word := range strings.FieldsFunc(strings.TrimSuffix(filepath.Base(f.Path()), ".proto"), func(r rune) bool { return r == '_' || r == '-' }) {
			outer += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return pkg + outer + "."
}
