package kinesis

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Connector is the connector 'kinesis', or 'upsert-kinesis' for streams whose records
// are upserts by the PRIMARY KEY.
type Connector struct {
	formats format.Registry
	upsert  bool
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector with the built-in formats.
func New() *Connector { return &Connector{formats: format.Builtin().RecordFormats()} }

// NewUpsert makes the connector of upserts with the built-in formats.
func NewUpsert() *Connector {
	return &Connector{formats: format.Builtin().RecordFormats(), upsert: true}
}

// Spec describes the connector.
func (c *Connector) Spec() connector.Spec {
	options := append(ownOptions(c.upsert), connector.BadRecordOptions()...)
	if c.upsert {
		return connector.Spec{
			Name: "upsert-kinesis",
			Doc: "A stream of Kinesis as a table that changes, as `upsert-kafka` is of Kafka: a record's partition key is the row's `PRIMARY KEY`, " +
				"its data what the row is now, and a record without data says that the row is gone. Reading starts with the oldest record. " +
				"Writing is at-least-once, and what is written again after a failure changes nothing in the end.",
			Options:  append(options, keyed.UpsertOptions(c.formats)...),
			Metadata: metadataSpecs(),
		}
	}
	return connector.Spec{
		Name: "kinesis",
		Doc: "A stream of Amazon Kinesis Data Streams, or of any server that speaks its API, another Thalweg among them. The stream may be resharded while it " +
			"is read: shards are read after those they came from, so that the order of each key is kept. Writing is at-least-once. " +
			"The streams of this process are read and written faster, and exactly-once, by the connector `shardlog`.",
		Options:  append(options, keyed.Options(c.formats)...),
		Metadata: metadataSpecs(),
	}
}

// layout is a table's declaration, checked and taken apart.
type layout struct {
	table  connector.Table
	stream string // the name
	arn    string // empty if not given
	// records says how rows lie in records.
	records *keyed.Layout
	// stored are the columns in records: all but metadata.
	stored types.Schema
	start  startup
	bound  string
	// consumer is the fan-out consumer's name; empty for polling.
	consumer string
	// keepAggregated takes aggregated records as they are.
	keepAggregated bool
}

// startup says where a new job starts.
type startup struct {
	position  string
	at        time.Time
	sequences map[string]string // by shard
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
	return newSink(l, c.upsert)
}

func (c *Connector) layout(table connector.Table) (*layout, error) {
	if err := connector.SpecFor(c, table.Options).CheckMetadata(table); err != nil {
		return nil, err
	}
	l := &layout{table: table, stored: table.InRecords(), bound: table.Options.String(optionBounded)}
	for _, step := range []func() error{l.place, l.credentials, l.startup, l.ends, l.reading} {
		if err := step(); err != nil {
			return nil, errs.Wrap(errs.User, err, "table '%s'", table.Name)
		}
	}
	if _, _, err := connector.BadPolicyOf(table.Options); err != nil {
		return nil, err
	}
	var err error
	l.records, err = keyed.New(keyed.Declared{
		Connector: c.Spec().Name, Formats: c.formats, Table: table, Stored: l.stored, Upsert: c.upsert,
	})
	return l, err
}

// place reads which stream it is.
func (l *layout) place() error {
	o := l.table.Options
	l.arn, l.stream = o.String(optionARN), o.String(optionStream)
	switch {
	case l.arn == "" && l.stream == "":
		l.stream = l.table.Name
	case l.arn != "" && l.stream != "":
		return errs.Userf("give one of '%s' and '%s'", optionARN, optionStream)
	case l.arn != "":
		parts := strings.Split(l.arn, ":")
		name, ok := strings.CutPrefix(parts[len(parts)-1], "stream/")
		const arnParts = 6
		if len(parts) != arnParts || parts[0] != "arn" || parts[2] != "kinesis" || !ok || name == "" {
			return errs.Userf("'%s' = '%s' is no ARN of a stream", optionARN, l.arn).WithHint("one is arn:aws:kinesis:REGION:ACCOUNT:stream/NAME")
		}
		l.stream = name
	}
	return nil
}

func (l *layout) credentials() error {
	o := l.table.Options
	basic := o.String(optionProvider) == providerBasic
	for _, name := range []string{optionAccessKey, optionSecret} {
		if basic != o.Given(name) {
			return errs.Userf("'%s' = '%s' and the option '%s' belong together", optionProvider, providerBasic, name)
		}
	}
	return nil
}

// needs checks that an option is given if another one has a value, and only then.
func (l *layout) needs(option, master, value string) error {
	o := l.table.Options
	switch is := o.String(master) == value; {
	case is && !o.Given(option):
		return errs.Userf("'%s' = '%s' needs the option '%s'", master, value, option)
	case !is && o.Given(option):
		return errs.Userf("option '%s' needs '%s' = '%s'", option, master, value)
	}
	return nil
}

func (l *layout) startup() error {
	o := l.table.Options
	l.start = startup{position: o.String(optionPosition), sequences: map[string]string{}}
	if err := l.needs(optionTimestamp, optionPosition, startTime); err != nil {
		return err
	}
	if err := l.needs(optionSequence, optionPosition, startSequence); err != nil {
		return err
	}
	if text := o.String(optionTimestamp); text != "" {
		at, ok := parseTime(text)
		if !ok {
			return errs.Userf("'%s' = '%s' is no time", optionTimestamp, text).WithHint("it is such as 2026-01-31T12:00:00.000+01:00, or seconds since 1970")
		}
		l.start.at = at
	}
	for _, text := range o.List(optionSequence) {
		shard, number, ok := strings.Cut(text, ":")
		if _, digits := new(big.Int).SetString(number, 10); !ok || !digits {
			return errs.Userf("'%s': %q is not SHARD:NUMBER", optionSequence, text)
		}
		l.start.sequences[shard] = number
	}
	return nil
}

// parseTime reads a time with its offset, or seconds.
func parseTime(text string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

func (l *layout) ends() error { return l.needs(optionBoundMillis, optionBounded, boundTime) }

func (l *layout) reading() error {
	if err := l.needs(optionConsumer, optionReader, readFanOut); err != nil {
		return err
	}
	l.consumer = l.table.Options.String(optionConsumer)
	l.keepAggregated = l.table.Options.String(optionGroups) == groupsKeep
	for option, most := range map[string]int64{optionFetch: 10_000, optionBatch: putRecordsMax} {
		if n := l.table.Options.Int(option); n < 1 || n > most {
			return errs.Userf("'%s' is between 1 and %d", option, most)
		}
	}
	return nil
}
