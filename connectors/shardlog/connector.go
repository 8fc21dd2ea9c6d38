package shardlog

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Service is the name under which connector.Env.Shared gives the *Store.
const Service = "shardlog"

// Connector is the connector 'shardlog', a stream of the process's own store as a
// table, or 'upsert-shardlog', one whose records are upserts by the PRIMARY KEY.
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
	options := append(ownOptions(c.upsert), connector.BadRecordOptions()...)
	if c.upsert {
		return connector.Spec{
			Name: "upsert-shardlog",
			Doc: "A stream of the built-in log as a table that changes, as `upsert-kafka` is of Kafka: a record's partition key is the row's `PRIMARY KEY`, " +
				"its data what the row is now, and a record without data says that the row is gone. Of a key the newest record counts; " +
				"a row is gone from the table, too, once its last record is older than the stream's retention and the table is read anew. Writing is exactly-once.",
			Options:  append(options, keyed.UpsertOptions(c.formats)...),
			Metadata: metadataSpecs(),
		}
	}
	return connector.Spec{
		Name: "shardlog",
		Doc: "A stream of the built-in log. Records are kept on disk for the stream's retention, in the order in which they " +
			"were appended to their shard; the shard follows from the partition key. Reading goes on at exact positions after " +
			"a restart, and what is written becomes visible exactly once, with a checkpoint that is begun within `execution.commit-delay`.",
		Options:  append(options, keyed.Options(c.formats)...),
		Metadata: metadataSpecs(),
	}
}

// layout is a table's declaration, checked and taken apart.
type layout struct {
	table  connector.Table
	stream string
	// records says how rows lie in records.
	records *keyed.Layout
	// stored are the columns in records: all but metadata.
	stored types.Schema
	start  startup
	latest bool // bounded by the newest record
	// keepAggregated takes aggregated records as they are.
	keepAggregated bool
	policy         connector.BadPolicy
}

// startup says where a new job starts.
type startup struct {
	mode      string
	millis    int64
	sequences map[ShardID]Sequence
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
	return newSource(l), nil
}

// Sink implements connector.Connector.
func (c *Connector) Sink(table connector.Table) (connector.Sink, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	return newSink(l)
}

// layout checks a declaration. The stream need not exist yet.
func (c *Connector) layout(table connector.Table) (*layout, error) {
	if err := connector.SpecFor(c, table.Options).CheckMetadata(table); err != nil {
		return nil, err
	}
	l := &layout{table: table, stored: table.InRecords(), stream: table.Options.String(optionStream)}
	if l.stream == "" {
		l.stream = table.Name
	}
	if err := CheckName(l.stream); err != nil {
		return nil, errs.Wrap(errs.User, err, "table '%s'", table.Name)
	}
	var err error
	if l.policy, _, err = connector.BadPolicyOf(table.Options); err != nil {
		return nil, err
	}
	if l.start, err = startupOf(table.Options); err != nil {
		return nil, err
	}
	l.keepAggregated = table.Options.String(optionGroups) == groupsKeep
	l.latest = table.Options.String(optionBounded) == boundLatest
	l.records, err = keyed.New(keyed.Declared{
		Connector: c.Spec().Name, Formats: c.formats, Table: table, Stored: l.stored, Upsert: c.upsert,
	})
	return l, err
}

func startupOf(o connector.Options) (startup, error) {
	s := startup{mode: o.String(optionStartup), millis: o.Int(optionMillis), sequences: map[ShardID]Sequence{}}
	for name, mode := range map[string]string{optionMillis: startTimestamp, optionSequence: startSequence} {
		if s.mode == mode && !o.Given(name) {
			return s, errs.Userf("'%s' = '%s' needs the option '%s'", optionStartup, mode, name)
		}
		if s.mode != mode && o.Given(name) {
			return s, errs.Userf("option '%s' needs '%s' = '%s'", name, optionStartup, mode)
		}
	}
	for _, text := range o.List(optionSequence) {
		seq, err := ParseSequence(text)
		if err != nil {
			return s, errs.Wrap(errs.User, err, "option '%s'", optionSequence)
		}
		s.sequences[shardID(seq.Shard)] = seq
	}
	return s, nil
}

// open finds the table's stream in the process's store.
func (l *layout) open() (*Stream, error) {
	var store *Store
	if l.table.Env.Shared != nil {
		store, _ = l.table.Env.Shared(Service).(*Store)
	}
	if store == nil {
		return nil, errs.Userf("table '%s': this process has no shard log", l.table.Name).
			WithHint("run with a data directory")
	}
	st, err := store.Stream(l.stream)
	return st, errs.Wrap(errs.User, err, "table '%s'", l.table.Name)
}
