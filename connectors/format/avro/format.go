// Package avro has the formats 'avro', object container files or bare data in
// messages, and 'avro-confluent' and 'debezium-avro-confluent', whose messages name
// their schema in a registry.
//
// A writer's schema and the wanted columns are compiled into nodes once, and then
// data go straight from bytes into columns.
package avro

import (
	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Options of 'avro'.
const (
	optionCodec    = "avro.codec"
	optionEncoding = "avro.encoding"
	optionLegacy   = "avro.timestamp_mapping.legacy"
	optionSchema   = "avro.schema"
)

// Format is the format 'avro'.
type Format struct{}

var (
	_ codec.Files   = Format{}
	_ codec.Records = Format{}
)

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "avro",
		Doc: "Avro. Files are object container files, which hold their schema; columns are found by name, and those that a file lacks are NULL. " +
			"A message is a bare datum, of the schema that Flink makes of the table unless the table names another.",
		Options: []connector.OptionSpec{
			{Name: optionCodec, Type: connector.TypeEnum, Values: []string{codecNull, codecDeflate, codecSnappy, codecZstd}, Default: codecSnappy, Example: codecZstd,
				Doc: "How the blocks of written files are compressed. Reading knows bzip2, too."},
			{Name: optionEncoding, Type: connector.TypeEnum, Values: []string{"binary"}, Default: "binary", Example: "binary",
				Doc: "How messages are encoded."},
			{Name: optionLegacy, Type: connector.TypeBool, Default: "true", Example: "false",
				Doc: "Write TIMESTAMP as timestamp-millis, as older Flinks did; TIMESTAMP_LTZ can't be written then. Otherwise TIMESTAMP is local-timestamp-…, and TIMESTAMP_LTZ is timestamp-…."},
			{Name: optionSchema, Type: connector.TypeString, Example: `{"type":"record","name":"order","fields":[{"name":"id","type":"long"}]}`,
				Doc: "For messages: the schema that they were written with, if it is not the table's."},
		},
	}
}

// legacy reads optionLegacy; the zero Options mean true.
func legacy(o connector.Options) bool { return !o.Has(optionLegacy) || o.Bool(optionLegacy) }

// Extension is the file name's ending.
func (Format) Extension() string { return "avro" }

// LineRecords is always false: a datum may hold any byte.
func (Format) LineRecords(connector.Options) bool { return false }

// Check refuses column types that Avro has no form for.
func (Format) Check(schema types.Schema, o connector.Options) error {
	if _, err := schemaText(schema, false); err != nil {
		return err
	}
	if o.Has(optionSchema) {
		_, err := messageSchema(schema, o)
		return err
	}
	return nil
}

// messageSchema is the schema that messages are written with.
func messageSchema(schema types.Schema, o connector.Options) (avro.Schema, error) {
	if o.Has(optionSchema) {
		s, err := parse(o.String(optionSchema))
		return s, errs.Wrap(errs.User, err, "option '%s'", optionSchema)
	}
	text, err := schemaText(schema, legacy(o))
	if err != nil {
		return nil, err
	}
	s, err := parse(text)
	return s, errs.Wrap(errs.Bug, err, "the table's Avro schema")
}

// decoder decodes messages of one schema.
type decoder struct {
	decoding
	column.Pending
	root *node
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of messages.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	s, err := messageSchema(c.Schema, c.Options)
	if err != nil {
		return nil, err
	}
	d := &decoder{Pending: column.NewPending(column.NewSet(c.Wanted(), c.Alloc, c.BatchRows), c.BatchRows, false)}
	if d.root, err = newCompiler().row(s, "", c.Wanted(), d.Cols); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Lines is not called: messages can't be told apart in a file.
func (d *decoder) Lines([]byte, bool, func(codec.Bad) error) (int, int, error) { return noLines() }

func noLines() (int, int, error) {
	return 0, 0, errs.Bugf("Avro messages can't be told apart in a file")
}

// Record decodes a message.
func (d *decoder) Record(message []byte) error {
	d.data, d.depth = message, 0
	i := d.value(d.root, 0)
	if i >= 0 && i < len(message) {
		i = d.fail("%d bytes follow the Avro data", len(message)-i)
	}
	if i < 0 {
		d.TakeBack(d.N)
		return errs.Userf("%s", d.reason)
	}
	d.Add(stream.Insert)
	return nil
}

// encoder encodes messages of the table's schema.
type encoder struct {
	writers []*writer
	// prefix stands before each datum.
	prefix []byte
}

var _ codec.Encoder = (*encoder)(nil)

// NewEncoder makes an encoder of messages.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if c.Options.Has(optionSchema) {
		return nil, errs.Unsupportedf("messages of another schema than the table's can't be written").
			WithHint("leave out '%s'", optionSchema)
	}
	if _, err := schemaText(c.Schema, legacy(c.Options)); err != nil {
		return nil, err
	}
	return &encoder{writers: newWriters(c.Schema)}, nil
}

// Begin appends nothing.
func (*encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one datum per row.
func (e *encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	if batch.Rows() == 0 {
		return dst, ends, nil
	}
	defer unbindAll(e.writers)
	if err := bindAll(e.writers, batch); err != nil {
		return dst, ends, err
	}
	for row := range batch.Rows() {
		dst = append(dst, e.prefix...)
		var err error
		for _, w := range e.writers {
			if dst, err = w.append(dst, row); err != nil {
				return dst, ends, err
			}
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}
