// Package cdc has the formats of change data capture: 'debezium-json',
// 'canal-json', 'maxwell-json' and 'ogg-json'. A record is a change of a row of some
// database's table, and gives one or two rows of the changelog.
//
// All of them are JSON envelopes around rows as the format 'json' has them; each has
// a file of its own. Writing, an update is taken apart into a deletion and an
// insertion, as in Flink.
package cdc

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is one of the formats.
type Format struct {
	name    string
	doc     string
	options []connector.OptionSpec
	// envelope says how a record holds changes, under a table's options.
	envelope func(o connector.Options) (json.EnvelopeConfig, error)
	// added and removed are written around rows.
	added, removed json.Frame
	// around is the metadata that can be read.
	around []json.Around
	// readOnly, when it gives a hint, is why a table's options forbid writing.
	readOnly func(o connector.Options) string
}

var (
	_ codec.Records = (*Format)(nil)
	_ codec.Changes = (*Format)(nil)
)

// Formats lists the formats.
func Formats() []codec.Format {
	return []codec.Format{debezium(), canal(), maxwell(), ogg()}
}

// Spec describes the format.
func (f *Format) Spec() connector.Spec {
	spec := connector.Spec{Name: f.name, Noun: "format", Doc: f.doc, Options: append(f.options, json.OptionSpecs(f.name)...)}
	for _, a := range f.around {
		spec.Metadata = append(spec.Metadata, a.MetadataSpec)
	}
	return spec
}

// Extension is the file name's ending.
func (f *Format) Extension() string { return "json" }

// LineRecords is always true: a record of a file is a line.
func (f *Format) LineRecords(connector.Options) bool { return true }

// Changes is always true.
func (f *Format) Changes(connector.Options) bool { return true }

// Check refuses column types without a JSON form, and options that don't read.
func (f *Format) Check(schema types.Schema, o connector.Options) error {
	if _, err := f.envelope(o); err != nil {
		return err
	}
	return json.CheckTypes(schema, f.name)
}

// NewDecoder makes a decoder of changes.
func (f *Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	e, err := f.envelope(c.Options)
	if err != nil {
		return nil, err
	}
	e.Name, e.Around = f.name, f.around
	return json.NewEnvelopeDecoder(c, e)
}

// NewEncoder makes an encoder of changes.
func (f *Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if f.readOnly != nil {
		if why := f.readOnly(c.Options); why != "" {
			return nil, errs.Userf("format '%s' can't be written %s", f.name, why)
		}
	}
	return json.NewEnvelopeEncoder(c, f.name, f.added, f.removed)
}
