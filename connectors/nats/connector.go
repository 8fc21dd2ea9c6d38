package nats

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Connector is the connector 'nats', or 'upsert-nats' for streams whose messages are
// upserts by the PRIMARY KEY.
type Connector struct {
	formats format.Registry
	upsert  bool
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector with the built-in formats.
func New() *Connector { return NewWith(format.Builtin()) }

// NewUpsert makes the connector of upserts with the built-in formats.
func NewUpsert() *Connector {
	return &Connector{formats: format.Builtin().RecordFormats(), upsert: true}
}

// NewWith makes the connector with other formats.
func NewWith(formats format.Registry) *Connector {
	return &Connector{formats: formats.RecordFormats()}
}

// Spec describes the connector.
func (c *Connector) Spec() connector.Spec {
	if c.upsert {
		return connector.Spec{
			Name: "upsert-nats",
			Doc: "A JetStream stream as a table that changes, as `upsert-kafka` is of Kafka: a message's subject ends in the row's `PRIMARY KEY`, " +
				"its data is what the row is now, and a message without data says that the row is gone. Of each key the newest message counts: " +
				"a stream with one message a subject (`--max-msgs-per-subject=1`) keeps the table and no more. Buckets of NATS' key-value store are read and written, too.",
			Options:  append(append(upsertOptions(), connector.BadRecordOptions()...), keyed.UpsertOptions(c.formats)...),
			Metadata: metadataSpecs(),
		}
	}
	options := append(ownOptions(), connector.BadRecordOptions()...)
	return connector.Spec{
		Name: "nats",
		Doc: "Messages of NATS. In mode `jetstream` a stream is read at exact positions, and rows are published with ids by " +
			"which the server drops duplicates. In mode `core` subjects are subscribed to, at most once: what is published " +
			"while nobody reads is gone.",
		Options:  append(options, c.formats.OptionSpecs()...),
		Metadata: metadataSpecs(),
	}
}

// layout is a table's declaration, checked and taken apart.
type layout struct {
	table connector.Table
	// records says how rows lie in messages.
	records  *keyed.Layout
	subjects []string
	// stored are the columns in messages: all but metadata.
	stored types.Schema
}

// Metadata lists the connector's metadata, and that of the format under options.
func (c *Connector) Metadata(o connector.Options) []connector.MetadataSpec {
	return append(metadataSpecs(), c.formats.Metadata(o)...)
}

// Check implements connector.Connector.
func (c *Connector) Check(table connector.Table) error {
	_, err := c.layout(table)
	return err
}

// Source implements connector.Connector.
func (c *Connector) Source(table connector.Table) (connector.Source, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	return newSource(l)
}

// Sink implements connector.Connector.
func (c *Connector) Sink(table connector.Table) (connector.Sink, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	return newSink(l)
}

// layout checks a declaration; it asks no server.
func (c *Connector) layout(table connector.Table) (*layout, error) {
	if err := connector.SpecFor(c, table.Options).CheckMetadata(table); err != nil {
		return nil, err
	}
	if _, _, err := connector.BadPolicyOf(table.Options); err != nil {
		return nil, err
	}
	if err := checkStartup(table.Options); err != nil {
		return nil, err
	}
	l := &layout{table: table, stored: table.InRecords(), subjects: table.Options.List(optionSubject)}
	var err error
	if !c.upsert {
		l.records, err = keyed.WithoutKey(c.formats, table, l.stored)
		return l, err
	}
	if err := l.checkUpsert(); err != nil {
		return nil, err
	}
	l.records, err = keyed.New(keyed.Declared{
		Connector: c.Spec().Name, Formats: c.formats, Table: table, Stored: l.stored, Upsert: true,
	})
	return l, err
}

func checkStartup(o connector.Options) error {
	mode := o.String(optionStartup)
	for name, needs := range map[string]string{optionMillis: startTimestamp, optionSequence: startSequence} {
		if mode == needs && !o.Given(name) {
			return errs.Userf("'%s' = '%s' needs the option '%s'", optionStartup, mode, name)
		}
		if mode != needs && o.Given(name) {
			return errs.Userf("option '%s' needs '%s' = '%s'", name, optionStartup, needs)
		}
	}
	if o.Int(optionSequence) < 0 {
		return errs.Userf("option '%s' = '%d' is negative", optionSequence, o.Int(optionSequence))
	}
	return nil
}

// session is a connection to the servers. It reconnects for ever.
type session struct {
	*nats.Conn
	stream  jetstream.JetStream
	timeout time.Duration
}

// connect opens a session; more are options of this one.
func (l *layout) connect(more ...nats.Option) (*session, error) {
	o := l.table.Options
	options := append([]nats.Option{
		nats.Name("thalweg"), nats.Timeout(o.Duration(optionTimeout)), nats.MaxReconnects(-1),
		// Without a handler the client prints errors.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}, more...)
	if o.Given(optionUser) {
		options = append(options, nats.UserInfo(o.String(optionUser), o.String(optionPassword)))
	}
	if o.Given(optionToken) {
		options = append(options, nats.Token(o.String(optionToken)))
	}
	if o.Given(optionCreds) {
		options = append(options, nats.UserCredentials(o.String(optionCreds)))
	}
	url := o.String(optionURL)
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "table '%s': connecting to %s", l.table.Name, redact(url))
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(o.Duration(optionTimeout)), jetstream.WithPublishAsyncTimeout(o.Duration(optionTimeout)))
	if err != nil {
		conn.Close()
		return nil, errs.Wrap(errs.Resource, err, "table '%s': JetStream", l.table.Name)
	}
	return &session{Conn: conn, stream: js, timeout: o.Duration(optionTimeout)}, nil
}

// limited gives a context that ends with ctx or after the option's timeout.
func (s *session) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}
