// Package format turns bytes into batches and back: the façade over the formats,
// each in a room of its own, that connectors choose from with the option 'format'.
package format

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Registry is a set of formats in order. It is a value that never changes.
type Registry struct {
	formats []codec.Format
}

// NewRegistry makes a registry of formats.
func NewRegistry(formats ...codec.Format) Registry { return Registry{formats: formats} }

// Names lists the formats in order.
func (r Registry) Names() []string {
	names := make([]string, len(r.formats))
	for i, f := range r.formats {
		names[i] = f.Spec().Name
	}
	return names
}

// OptionSpecs are the options of a connector that reads or writes formats:
// 'format', and those of all formats.
func (r Registry) OptionSpecs() []connector.OptionSpec {
	specs := []connector.OptionSpec{{
		Name: "format", Type: connector.TypeEnum, Values: r.Names(), Required: true, Example: r.Names()[0],
		Doc: "The form of the records or files.",
	}}
	for _, f := range r.formats {
		specs = append(specs, f.Spec().Options...)
	}
	return specs
}

// Of finds the format that options name, and checks that no other format's options
// are given and that it can hold the columns of schema.
func (r Registry) Of(options connector.Options, schema types.Schema) (codec.Format, error) {
	name := options.String("format")
	chosen := r.named(name)
	if chosen == nil {
		return nil, errs.Userf("there is no format '%s'", name)
	}
	for _, f := range r.formats {
		if f == chosen {
			continue
		}
		for _, o := range f.Spec().Options {
			if options.Given(o.Name) {
				return nil, errs.Userf("option '%s' belongs to the format '%s', and the table's is '%s'", o.Name, f.Spec().Name, name)
			}
		}
	}
	return chosen, chosen.Check(schema, options)
}

// named is the format of a name; nil without one.
func (r Registry) named(name string) codec.Format {
	for _, f := range r.formats {
		if f.Spec().Name == name {
			return f
		}
	}
	return nil
}

// Metadata lists what the format that options name, of a whole record or of its value,
// gives to METADATA columns.
func (r Registry) Metadata(o connector.Options) []connector.MetadataSpec {
	for _, option := range []string{"format", "value.format"} {
		if !o.Given(option) {
			continue
		}
		if f := r.named(o.String(option)); f != nil {
			return connector.FormatMetadata(f.Spec())
		}
	}
	return nil
}

// Records is Of for connectors whose unit is a record: files of columns are
// refused.
func (r Registry) Records(options connector.Options, schema types.Schema) (codec.Records, error) {
	f, err := r.Of(options, schema)
	if err != nil {
		return nil, err
	}
	records, ok := f.(codec.Records)
	if !ok {
		return nil, errs.Unsupportedf("format '%s' is of whole files, and this connector has single records", f.Spec().Name).
			WithHint("formats of records are %v", r.RecordFormats().Names())
	}
	return records, nil
}

// RecordFormats gives the registry without formats of whole files.
func (r Registry) RecordFormats() Registry {
	var kept []codec.Format
	for _, f := range r.formats {
		if _, ok := f.(codec.Records); ok {
			kept = append(kept, f)
		}
	}
	return Registry{formats: kept}
}

// Docs lists every format's documentation in order.
func (r Registry) Docs() []connector.Doc {
	docs := make([]connector.Doc, len(r.formats))
	for i, f := range r.formats {
		docs[i] = connector.Doc{Kind: "format", Spec: f.Spec()}
	}
	return docs
}
