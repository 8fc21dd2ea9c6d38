package avro

import (
	"context"
	"encoding/binary"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Confluent is 'avro-confluent' or 'debezium-avro-confluent': a message is a zero
// byte, the id of a schema in four bytes, and a datum.
type Confluent struct {
	// changes is for Debezium's envelopes.
	changes bool
}

var (
	_ codec.Messages = Confluent{}
	_ codec.Changes  = Confluent{}
)

// Confluents lists the formats with a registry.
func Confluents() []codec.Format { return []codec.Format{Confluent{}, Confluent{changes: true}} }

func (f Confluent) name() string {
	if f.changes {
		return "debezium-avro-confluent"
	}
	return "avro-confluent"
}

// Spec describes the format.
func (f Confluent) Spec() connector.Spec {
	name := f.name()
	doc := "Messages of Avro that name their schema in a registry, which speaks Confluent's REST interface. Columns are found by name. " +
		"Writing registers the schema that Flink makes of the table, with 'avro.timestamp_mapping.legacy' = 'false'."
	if f.changes {
		doc = "Changes as Debezium writes them with the Avro converter: like 'avro-confluent', with `before`, `after` and `op`. Written, an update is " +
			"a deletion and an insertion."
	}
	return connector.Spec{Name: name, Doc: doc, Options: []connector.OptionSpec{
		{Name: name + ".url", Type: connector.TypeString, Example: "http://127.0.0.1:8081",
			Doc: "The registry's address, or several parted by commas. The format needs it."},
		{Name: name + ".subject", Type: connector.TypeString, Example: "orders-value",
			Doc: "Writing, the subject to register the schema under. Needed for writing."},
		{Name: name + ".schema", Type: connector.TypeString, Example: `{"type":"record","name":"order","fields":[{"name":"id","type":"long"}]}`,
			Doc: "Writing, the schema to register instead of the one made of the table. It must be of the same form."},
		{Name: name + ".basic-auth.credentials-source", Type: connector.TypeEnum, Values: []string{"USER_INFO", "URL"}, Default: "USER_INFO", Example: "URL",
			Doc: "Where user and password are: in basic-auth.user-info, or in the address."},
		{Name: name + ".basic-auth.user-info", Type: connector.TypeString, Example: "user:password", Doc: "User and password."},
		{Name: name + ".bearer-auth.token", Type: connector.TypeString, Example: "secret", Doc: "A token instead of user and password."},
	}}
}

// Extension is not used: there are no files.
func (Confluent) Extension() string { return "avro" }

// LineRecords is always false.
func (Confluent) LineRecords(connector.Options) bool { return false }

// MessagesOnly marks the format as one without files.
func (Confluent) MessagesOnly() {}

// Changes reports Debezium's envelopes.
func (f Confluent) Changes(connector.Options) bool { return f.changes }

// Check refuses column types that Avro has no form for, and a table without a
// registry.
func (f Confluent) Check(schema types.Schema, o connector.Options) error {
	if !o.Has(f.name() + ".url") {
		return errs.Userf("format '%s' needs the option '%s.url'", f.name(), f.name()).
			WithHint("for example '%s.url' = 'http://127.0.0.1:8081'", f.name())
	}
	if _, err := f.registry(context.Background(), o); err != nil {
		return err
	}
	_, err := schemaText(schema, false)
	return err
}

// registry makes a client whose requests end with life; nil never does.
func (f Confluent) registry(life context.Context, o connector.Options) (*registry, error) {
	c := registryConfig{life: life, urls: o.String(f.name() + ".url"), token: o.String(f.name() + ".bearer-auth.token")}
	if o.String(f.name()+".basic-auth.credentials-source") != "URL" {
		c.userInfo = o.String(f.name() + ".basic-auth.user-info")
	}
	return newRegistry(c)
}

// The head of a message.
const (
	confluentMagic = 0
	confluentHead  = 5
)

// confluentDecoder decodes messages of any number of schemas.
type confluentDecoder struct {
	decoding
	column.Pending
	registry *registry
	wanted   types.Schema
	changes  bool
	programs map[uint32]*program
	// last is the program of the message before, of the schema lastID.
	last   *program
	lastID uint32
}

// program decodes the data of one schema, or says why it can't.
type program struct {
	root     *node
	envelope *envelope
	err      error
}

var _ codec.Decoder = (*confluentDecoder)(nil)

// NewDecoder makes a decoder of messages.
func (f Confluent) NewDecoder(c codec.Config) (codec.Decoder, error) {
	r, err := f.registry(c.Context, c.Options)
	if err != nil {
		return nil, err
	}
	return &confluentDecoder{
		Pending:  column.NewPending(column.NewSet(c.Wanted(), c.Alloc, c.BatchRows), c.BatchRows, f.changes),
		registry: r, wanted: c.Wanted(), changes: f.changes, programs: map[uint32]*program{},
	}, nil
}

// Lines is not called: messages can't be told apart in a file.
func (d *confluentDecoder) Lines([]byte, bool, func(codec.Bad) error) (int, int, error) {
	return noLines()
}

// Record decodes a message. An empty one, which stands for a deletion in compacted
// logs, gives no row.
func (d *confluentDecoder) Record(message []byte) error {
	if len(message) == 0 {
		return nil
	}
	if len(message) < confluentHead || message[0] != confluentMagic {
		return errs.Userf("the message has no schema's id in front")
	}
	if id := binary.BigEndian.Uint32(message[1:]); d.last == nil || id != d.lastID {
		p, err := d.program(id)
		if err != nil {
			return err
		}
		d.last, d.lastID = p, id
	}
	if d.last.err != nil {
		return d.last.err
	}
	before := d.N
	d.data, d.depth = message, 0
	if !d.rows(d.last) {
		d.TakeBack(before)
		return errs.Userf("%s", d.reason)
	}
	return nil
}

func (d *confluentDecoder) rows(p *program) bool {
	if p.envelope != nil {
		return p.envelope.rows(d, confluentHead)
	}
	i := d.value(p.root, confluentHead)
	if i >= 0 && i < len(d.data) {
		i = d.fail("%d bytes follow the Avro data", len(d.data)-i)
	}
	if i >= 0 {
		d.Add(stream.Insert)
	}
	return i >= 0
}

// program finds or makes the program of a schema. A schema that does not fit the
// table makes every one of its messages a bad record.
func (d *confluentDecoder) program(id uint32) (*program, error) {
	if p, ok := d.programs[id]; ok {
		return p, nil
	}
	s, err := d.registry.schema(id)
	if err != nil && errs.ClassOf(err) != errs.User {
		return nil, err
	}
	p := &program{err: err}
	switch {
	case err != nil:
	case d.changes:
		p.envelope, p.err = newEnvelope(s, d.wanted, d.Cols)
	default:
		p.root, p.err = newCompiler().row(s, "", d.wanted, d.Cols)
	}
	d.programs[id] = p
	return p, nil
}

// NewEncoder registers the table's schema and makes an encoder of messages.
func (f Confluent) NewEncoder(c codec.Config) (codec.Encoder, error) {
	name := f.name()
	if !c.Options.Has(name + ".subject") {
		return nil, errs.Userf("writing with the format '%s' needs the option '%s.subject'", name, name)
	}
	row := c.Schema
	if f.changes {
		row = envelopeSchema(c.Schema)
	}
	text, err := schemaText(row, false)
	if err != nil {
		return nil, err
	}
	if c.Options.Has(name + ".schema") {
		if text, err = sameForm(text, c.Options.String(name+".schema")); err != nil {
			return nil, err
		}
	}
	r, err := f.registry(c.Context, c.Options)
	if err != nil {
		return nil, err
	}
	id, err := r.register(c.Options.String(name+".subject"), text)
	if err != nil {
		return nil, err
	}
	e := encoder{writers: newWriters(c.Schema), prefix: binary.BigEndian.AppendUint32([]byte{confluentMagic}, id)}
	if f.changes {
		return &envelopeEncoder{e}, nil
	}
	return &e, nil
}

// sameForm gives the schema that a table names, which may differ from the one made
// of it in names only.
func sameForm(made, named string) (string, error) {
	s, err := parse(named)
	if err != nil {
		return "", errs.Wrap(errs.User, err, "the schema to register")
	}
	m, err := parse(made)
	if err != nil {
		return "", errs.Wrap(errs.Bug, err, "the table's Avro schema")
	}
	if !sameShape(m, s) {
		return "", errs.Userf("the schema to register is not of the form that is written").
			WithHint("what is written is %s", strings.TrimSpace(made))
	}
	return named, nil
}

// sameShape reports whether data of both schemas are encoded alike.
func sameShape(a, b avro.Schema) bool {
	a, b = deref(a), deref(b)
	if a.Type() != b.Type() || logicalOf(a) != logicalOf(b) {
		return false
	}
	switch a := a.(type) {
	case *avro.RecordSchema:
		other := b.(*avro.RecordSchema).Fields()
		if len(a.Fields()) != len(other) {
			return false
		}
		for i, f := range a.Fields() {
			if f.Name() != other[i].Name() || !sameShape(f.Type(), other[i].Type()) {
				return false
			}
		}
	case *avro.ArraySchema:
		return sameShape(a.Items(), b.(*avro.ArraySchema).Items())
	case *avro.MapSchema:
		return sameShape(a.Values(), b.(*avro.MapSchema).Values())
	case *avro.UnionSchema:
		other := b.(*avro.UnionSchema).Types()
		if len(a.Types()) != len(other) {
			return false
		}
		for i, t := range a.Types() {
			if !sameShape(t, other[i]) {
				return false
			}
		}
	}
	return true
}
