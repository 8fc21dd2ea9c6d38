package connector

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Spec describes a connector or a format: it checks the options of a table and
// is the source of their documentation.
type Spec struct {
	// Name is the value of the option 'connector' (or 'format').
	Name string
	// Noun is what messages call it; empty means connector.
	Noun string
	// Doc is one paragraph for the user guide.
	Doc string
	// Options lists every option that is understood, without 'connector'.
	Options []OptionSpec
	// Common lists options that others than the connector obey.
	Common []OptionSpec
	// Metadata lists the keys that a METADATA column can be declared FROM.
	Metadata []MetadataSpec
}

// MetadataSpec describes one piece of metadata that a source gives per row.
type MetadataSpec struct {
	Key  string
	Type types.Type
	Doc  string
}

// Describer is a Connector whose metadata depends on a table's options: on its format.
type Describer interface {
	Connector
	// Metadata lists what METADATA columns can be declared FROM under options.
	Metadata(o Options) []MetadataSpec
}

// SpecFor is a connector's spec with the metadata that a table with options has.
func SpecFor(c Connector, o Options) Spec {
	s := c.Spec()
	if d, ok := c.(Describer); ok {
		s.Metadata = d.Metadata(o)
	}
	return s
}

// FormatMetadata lists a format's metadata by the keys that tables know it by.
func FormatMetadata(format Spec) []MetadataSpec {
	out := make([]MetadataSpec, len(format.Metadata))
	for i, m := range format.Metadata {
		m.Key = formatMetadata + m.Key
		out[i] = m
	}
	return out
}

// CheckMetadata checks a table's METADATA columns: their keys are known and their
// types are the keys' types.
func (s Spec) CheckMetadata(table Table) error {
	keys := make([]string, 0, len(s.Metadata))
	byKey := make(map[string]MetadataSpec, len(s.Metadata))
	for _, m := range s.Metadata {
		keys = append(keys, m.Key)
		byKey[m.Key] = m
	}
	for _, column := range table.Schema {
		key, ok := table.Metadata[column.Name]
		if !ok {
			continue
		}
		m, ok := byKey[key]
		if !ok {
			e := errs.Userf("column '%s': connector '%s' has no metadata '%s'", column.Name, s.Name, key)
			if nearest := errs.Nearest(key, keys); nearest != "" {
				e = e.WithHint("did you mean '%s'?", nearest)
			} else if len(keys) > 0 {
				e = e.WithHint("it has %s", quoteList(keys))
			}
			return e
		}
		if !m.Type.Same(column.Type) {
			return errs.Userf("column '%s': metadata '%s' is %s, not %s", column.Name, key, m.Type, column.Type)
		}
	}
	return nil
}

// OptionSpec describes one option.
type OptionSpec struct {
	// Name is the option's full name. For a TypeMapPrefix option it ends in '.',
	// and any name that starts with it is accepted. A '#' stands for one name
	// without a dot, as in 'fields.#.min'.
	Name string
	Type OptionType
	// Default is the text of the value used when the option is absent; empty
	// means none.
	Default  string
	Required bool
	// Doc says what the option does; Example is a value that parses.
	Doc     string
	Example string
	// Values are the values of a TypeEnum option. They match without regard to
	// case and are handed out as written here.
	Values []string
}

// Parse checks options, as written in WITH and without 'connector', and fills in
// the defaults. Errors are of class user and name option, value and the accepted
// form.
func (s Spec) Parse(options map[string]string) (Options, error) {
	parsed := Options{specs: s.index(), values: make(map[string]string, len(options)), given: map[string]bool{}}
	for _, name := range sortedKeys(options) {
		option, ok := parsed.find(name)
		if !ok {
			return Options{}, &OptionError{Option: name, Err: s.unknown(name)}
		}
		value, err := option.normalize(name, options[name])
		if err != nil {
			return Options{}, &OptionError{Option: name, Value: true, Err: err}
		}
		parsed.values[name] = value
		parsed.given[name] = true
	}
	for _, option := range s.Options {
		if parsed.given[option.Name] {
			continue
		}
		if option.Required {
			return Options{}, errs.Userf("%s '%s' needs the option '%s', %s", s.noun(), s.Name, option.Name, option.Type.Form(option.Values)).
				WithHint("for example '%s' = '%s'", option.Name, option.Example)
		}
		if option.Default != "" {
			value, err := option.normalize(option.Name, option.Default)
			if err != nil {
				return Options{}, errs.Wrap(errs.Bug, err, "default of option '%s'", option.Name)
			}
			parsed.values[option.Name] = value
		}
	}
	return parsed, nil
}

func (s Spec) noun() string {
	if s.Noun == "" {
		return "connector"
	}
	return s.Noun
}

// Validate is Parse for callers that only want to know whether it works.
func (s Spec) Validate(options map[string]string) error {
	_, err := s.Parse(options)
	return err
}

// index maps option names to their specs.
func (s Spec) index() map[string]OptionSpec {
	index := make(map[string]OptionSpec, len(s.Options)+len(s.Common))
	for _, options := range [][]OptionSpec{s.Common, s.Options} {
		for _, option := range options {
			index[option.Name] = option
		}
	}
	return index
}

// unknown is the error for an option that the spec does not have.
func (s Spec) unknown(name string) error {
	names := make([]string, 0, len(s.Options))
	for _, option := range s.Options {
		names = append(names, option.Name)
	}
	e := errs.Userf("%s '%s' has no option '%s'", s.noun(), s.Name, name)
	all := slices.Clone(names)
	for _, option := range s.Common {
		all = append(all, option.Name)
	}
	if nearest := errs.Nearest(name, all); nearest != "" {
		return e.WithHint("did you mean '%s'?", nearest)
	}
	sort.Strings(names)
	return e.WithHint("it knows %s", quoteList(names))
}

// normalize checks a value and gives its canonical text.
func (o OptionSpec) normalize(name, value string) (string, error) {
	canonical, err := o.Type.parse(value, o.Values)
	if err != nil {
		e := errs.Userf("option '%s' = '%s': %s", name, value, err)
		return "", e.WithHint("it takes %s, for example '%s'", o.Type.Form(o.Values), o.Example)
	}
	return canonical, nil
}

// Doc is one spec's page in the documentation.
type Doc struct {
	// Kind is "connector" or "format".
	Kind string
	Spec Spec
}

// Markdown renders a spec as a section of the user guide.
func (d Doc) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s `%s`\n\n%s\n", strings.ToUpper(d.Kind[:1])+d.Kind[1:], d.Spec.Name, d.Spec.Doc)
	if len(d.Spec.Metadata) > 0 {
		b.WriteString("\n| Metadata | Type | What it is |\n|---|---|---|\n")
		for _, m := range d.Spec.Metadata {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Key, m.Type, escapeCell(m.Doc))
		}
	}
	if len(d.Spec.Options) == 0 {
		return b.String()
	}
	b.WriteString("\n| Option | Type | Default | What it does | Example |\n|---|---|---|---|---|\n")
	for _, o := range d.Spec.Options {
		value := o.Default
		switch {
		case o.Required:
			value = "*required*"
		case value != "":
			value = "`" + value + "`"
		}
		doc := o.Doc
		if len(o.Values) > 0 {
			doc += " One of " + quoteList(o.Values) + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | `%s` |\n", o.Name, o.Type, escapeCell(value), escapeCell(doc), escapeCell(o.Example))
	}
	return b.String()
}

// escapeCell keeps text from ending a table cell.
func escapeCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// quoteList writes names as 'a', 'b', 'c'.
func quoteList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "'" + name + "'"
	}
	return strings.Join(quoted, ", ")
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
