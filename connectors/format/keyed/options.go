// Package keyed makes records of two parts: a key and a value, each with a format
// of its own, as those of Kafka are. In upserts the key is the table's PRIMARY KEY,
// a record says what its row is now, and one without a value that the row is gone.
package keyed

import (
	"errors"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

// Option names.
const (
	optionFormat      = "format"
	optionValueFormat = "value.format"
	optionKeyFormat   = "key.format"
	optionKeyFields   = "key.fields"
	optionKeyPrefix   = "key.fields-prefix"
	optionInclude     = "value.fields-include"
	optionMaxRows     = "sink.buffer-flush.max-rows"
	optionInterval    = "sink.buffer-flush.interval"

	prefixKey   = "key."
	prefixValue = "value."
)

// Values of value.fields-include.
const (
	includeAll    = "ALL"
	includeValues = "EXCEPT_KEY"
)

// keyFormats are the formats that write text: partition keys and subjects are text.
var keyFormats = []string{"json", "csv", "raw"}

// Options are the options of a connector whose records have keys, with those of all
// formats: 'format', or 'value.format' and 'key.format'.
func Options(formats format.Registry) []connector.OptionSpec {
	specs := formats.OptionSpecs()
	for i := range specs {
		if specs[i].Name == optionFormat {
			specs[i].Required = false
			specs[i].Doc += " This or 'value.format' is needed."
		}
	}
	value := valueFormat(formats)
	value.Doc = "The same as 'format'; the format's own options then have the prefix, too."
	return append(specs, value, keyFormat(),
		connector.OptionSpec{Name: optionKeyFields, Type: connector.TypeList, Example: "customer;region",
			Doc: "The columns that 'key.format' writes to the key of a record, and reads there."},
		keyPrefix(), include(), formatOptions(prefixKey), formatOptions(prefixValue))
}

// UpsertOptions are the options of a connector of upserts.
func UpsertOptions(formats format.Registry) []connector.OptionSpec {
	key, value := keyFormat(), valueFormat(formats)
	key.Required, value.Required = true, true
	return []connector.OptionSpec{key, keyPrefix(), value, include(),
		{Name: optionMaxRows, Type: connector.TypeInt, Default: "0", Example: "1000",
			Doc: "Hold rows back until there are so many, and write of each key the last one only. It needs the interval, too; 0 writes every row."},
		{Name: optionInterval, Type: connector.TypeDuration, Default: "0 s", Example: "1 s",
			Doc: "Write the rows held back when a row comes so long after the last write. Every checkpoint writes, too."},
		formatOptions(prefixKey), formatOptions(prefixValue),
	}
}

func keyFormat() connector.OptionSpec {
	return connector.OptionSpec{Name: optionKeyFormat, Type: connector.TypeEnum, Values: keyFormats, Example: "json",
		Doc: "The form of the records' keys, a text. `raw` is of one column."}
}

func valueFormat(formats format.Registry) connector.OptionSpec {
	return connector.OptionSpec{Name: optionValueFormat, Type: connector.TypeEnum, Values: formats.Names(), Example: "json",
		Doc: "The form of the records' values."}
}

func keyPrefix() connector.OptionSpec {
	return connector.OptionSpec{Name: optionKeyPrefix, Type: connector.TypeString, Example: "k_",
		Doc: "What the names of the key's columns begin with in the table, and not in keys. It needs 'value.fields-include' = 'EXCEPT_KEY'."}
}

func include() connector.OptionSpec {
	return connector.OptionSpec{Name: optionInclude, Type: connector.TypeEnum, Default: includeAll, Example: includeValues,
		Values: []string{includeAll, includeValues},
		Doc:    "Whether values hold the key's columns, too. They are always read from the key."}
}

func formatOptions(prefix string) connector.OptionSpec {
	part := strings.TrimSuffix(prefix, ".")
	return connector.OptionSpec{Name: prefix, Type: connector.TypeMapPrefix, Example: "true",
		Doc: "Options of the format of the " + part + ", such as '" + prefix + "json.ignore-parse-errors'."}
}

// optionsOf checks the options of a part's format, which are given with a prefix.
func optionsOf(formats format.Registry, table connector.Options, prefix, name string) (connector.Options, error) {
	given := map[string]string{optionFormat: name}
	for option, value := range table.Prefix(prefix) {
		switch full := prefix + option; full {
		case optionKeyFormat, optionKeyFields, optionKeyPrefix, optionValueFormat, optionInclude:
		default:
			if !strings.HasPrefix(option, name+".") {
				return connector.Options{}, &connector.OptionError{Option: full,
					Err: errs.Userf("option '%s' is none of the format '%s'", full, name).
						WithHint("the options of a format bear its name, as in '%s%s.…'", prefix, name)}
			}
			given[option] = value
		}
	}
	spec := connector.Spec{Name: name, Noun: "format"}
	for _, o := range formats.OptionSpecs() {
		if o.Name == optionFormat || strings.HasPrefix(o.Name, name+".") {
			spec.Options = append(spec.Options, o)
		}
	}
	options, err := spec.Parse(given)
	var at *connector.OptionError
	if errors.As(err, &at) {
		err = &connector.OptionError{Option: prefix + at.Option, Value: at.Value, Err: at.Err}
	}
	return options, err
}

// needValueFormat is the error for a table without a format.
func needValueFormat(formats format.Registry, connectorName string) error {
	return errs.Userf("connector '%s' needs the option 'format', one of %s", connectorName, "'"+strings.Join(formats.Names(), "', '")+"'").
		WithHint("for example 'format' = 'json'")
}
