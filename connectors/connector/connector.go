// Package connector is the contract between the engine and the outside world:
// sources with splits and readers, sinks with writers and committers, the option
// specs that are at once the linter and the documentation, and a registry that is
// a value.
package connector

import (
	"context"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Connector is one kind of table, such as "filesystem". It is stateless: its
// methods may be called from any goroutine.
type Connector interface {
	// Spec names the connector and describes its options.
	Spec() Spec
	// Check validates a table's declaration without touching the outside world
	// beyond what is cheap; it runs at CREATE TABLE. Errors are of class user.
	Check(table Table) error
	// Source makes the reading side. A connector that can't read gives an
	// unsupported error.
	Source(table Table) (Source, error)
	// Sink makes the writing side, likewise.
	Sink(table Table) (Sink, error)
}

// Maintained is a Connector whose tables' data statements can look at and remove. A
// partition is named by the text of its keys' values; NULL is the empty one.
type Maintained interface {
	Connector
	// Truncate removes all rows.
	Truncate(table Table) error
	// Partitions lists the partitions in order of their names.
	Partitions(table Table) ([]Partition, error)
	// AddPartition makes an empty one, and DropPartition removes one with its rows. They
	// report false if it was there, or was not.
	AddPartition(table Table, values map[string]string) (bool, error)
	DropPartition(table Table, values map[string]string) (bool, error)
}

// Partition is one of the partitions of a Maintained's table.
type Partition struct {
	// Name is key=value/key=value.
	Name string
	// Values are the values by key; NULL is the empty one.
	Values map[string]string
}

// Table is a declared table as its connector sees it.
type Table struct {
	// Name is the table's name, for messages and default places.
	Name string
	// Schema lists the physical columns, in order: computed columns are left out,
	// metadata columns are marked in Metadata.
	Schema types.Schema
	// Metadata maps a column's name to the metadata key it is declared FROM.
	Metadata map[string]string
	// PrimaryKey and PartitionKeys list column names.
	PrimaryKey    []string
	PartitionKeys []string
	// Options are the WITH options without 'connector', checked against the Spec.
	Options Options
	// Env gives connectors the parts of the process that they share.
	Env Env
}

// formatMetadata begins the keys of metadata that the format of records gives, as
// Flink's connectors of messages do.
const formatMetadata = "value."

// Beside reports a METADATA column that the connector gives: its values are not in the
// records.
func (t Table) Beside(column string) bool {
	key, ok := t.Metadata[column]
	return ok && !strings.HasPrefix(key, formatMetadata)
}

// InRecords are the columns that the records hold or the format gives with them: all that
// are not Beside.
func (t Table) InRecords() types.Schema {
	var out types.Schema
	for _, f := range t.Schema {
		if !t.Beside(f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// Around maps the METADATA columns that the format of records gives to the format's
// keys; nil without any.
func (t Table) Around() map[string]string {
	var out map[string]string
	for column, key := range t.Metadata {
		if key, ok := strings.CutPrefix(key, formatMetadata); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[column] = key
		}
	}
	return out
}

// Env is what the process lends to connectors.
type Env struct {
	// DataDir is the server's data directory; empty for a run without one.
	DataDir string
	// WorkDir resolves relative paths; by default the process's working directory.
	WorkDir string
	// Stdout takes what the print connector prints.
	Stdout func(line string)
	// Shared looks up a process-wide service by name, such as the shard log's
	// store ("shardlog"); nil when there is none.
	Shared func(name string) any
}

// Pushdown is what the planner would like a source to do early. A source says
// with Source.Apply which of it it does.
type Pushdown struct {
	// Columns is the wanted output schema: a subset of the table's columns, in
	// table order, with ROW columns pruned to the fields used. nil means all.
	Columns types.Schema
	// Filters are conjuncts over Columns' indexes. Rows for which one is not TRUE
	// may be left out.
	Filters []rex.Expr
	// Limit is the most rows wanted, or 0 for all.
	Limit int64
}

// Applied is a source's answer.
type Applied struct {
	// Columns tells whether the source will give exactly Pushdown.Columns; if
	// not, it gives the whole table schema.
	Columns bool
	// Filters has one entry per pushed filter: true when no row that fails it
	// will come out. The planner keeps the others.
	Filters []bool
}

// Source is the reading side of one table in one job.
type Source interface {
	// Apply is called at most once, while planning and again when the job starts,
	// with the same value.
	Apply(p Pushdown) (Applied, error)
	// Bounded reports whether the source ends by itself.
	Bounded() bool
	// Discover lists the splits that are not in known, for a job of parallelism
	// tasks (a hint). It is called at the start, and again and again for a
	// Rediscoverer. Splits are plain, durable descriptions.
	Discover(ctx context.Context, known []SplitID, parallelism int) ([]Split, error)
	// Open makes a reader of one split. A nil position means the split's start;
	// otherwise it is one that Reader.Position gave, possibly in another process.
	Open(ctx context.Context, split Split, position []byte, env ReaderEnv) (Reader, error)
}

// Rediscoverer is a Source whose splits may grow in number.
type Rediscoverer interface {
	Source
	// DiscoverEvery is how often to call Discover again; 0 means never.
	DiscoverEvery() time.Duration
}

// Waiter is a Source that knows how much is in splits that nobody reads yet, because
// their parents have not been read to their end.
type Waiter interface {
	Source
	// Waiting is the lag of such splits together. Any goroutine may call it, at any
	// time; it does no I/O.
	Waiting(splits []Split) Lag
}

// SplitID names a split, stable over restarts and unique in its source.
type SplitID string

// Split is a piece of a source that one reader reads in order.
type Split struct {
	ID SplitID `msgpack:"i"`
	// Payload describes the split to its connector, versioned by it.
	Payload []byte `msgpack:"p"`
	// Parents are splits that must have been read to their end before this one.
	Parents []SplitID `msgpack:"r,omitempty"`
}

// Changing is a Source whose rows may update and delete others.
type Changing interface {
	Source
	// Changes is AppendOnly for inserts only, Upsert for +I, +U and -D by primary
	// key without -U, Retract for all kinds.
	Changes() SinkMode
}

// ReaderEnv is what a reader may use of the engine.
type ReaderEnv struct {
	// Context ends with the reader's task; nil never does.
	Context context.Context
	Alloc   memory.Allocator
	// BatchRows is the most rows of a batch, at least 1.
	BatchRows int
	// Bad takes records that could not be decoded; see BadRecord.
	Bad BadRecords
}

// Reader reads one split. One goroutine uses it; only Close may overlap with a
// blocked Next, and makes it return.
type Reader interface {
	// Next gives the next rows, owned by the caller, in the schema that the
	// source agreed on. It blocks until there are some, ctx is done, or wait (a
	// channel, may be nil) is closed or readable; then it may return an empty
	// batch and a nil error. So it may when it only passed records without rows,
	// which were bad. At the end of the split it returns ErrEndOfSplit,
	// possibly with a last batch.
	Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error)
	// Position is the place after the last row given; Open resumes there.
	Position() []byte
	// Lag tells how far behind the source's newest row the reader is.
	Lag() Lag
	// Close frees everything; the reader is not used again.
	Close() error
}

// Lag is a reader's distance to the newest data; -1 means unknown.
type Lag struct {
	Rows   int64
	Millis int64
	// Done and Total tell progress through a bounded split, in the connector's
	// unit (bytes or rows); Total is -1 when unknown.
	Done  int64
	Total int64
}

// Add is the lag of two readers together: rows and units sum up, the greater time
// counts, and unknown stays unknown.
func (l Lag) Add(o Lag) Lag {
	sum := Lag{Rows: -1, Millis: -1, Done: l.Done + max(0, o.Done), Total: -1}
	if l.Rows >= 0 && o.Rows >= 0 {
		sum.Rows = l.Rows + o.Rows
	}
	if l.Millis >= 0 && o.Millis >= 0 {
		sum.Millis = max(l.Millis, o.Millis)
	}
	if l.Total >= 0 && o.Total >= 0 {
		sum.Total = l.Total + o.Total
	}
	return sum
}

// SinkMode is the changelog a sink accepts, or a source gives.
type SinkMode uint8

// The modes.
const (
	// AppendOnly accepts inserts only.
	AppendOnly SinkMode = iota
	// Upsert accepts inserts, +U and -D by primary key; -U is left out.
	Upsert
	// Retract accepts all four kinds.
	Retract
)

// String gives the mode's lower-case name.
func (m SinkMode) String() string {
	return [...]string{"append", "upsert", "retract"}[m]
}

// Guarantee is what a sink promises about rows over failures.
type Guarantee uint8

// The guarantees.
const (
	AtLeastOnce Guarantee = iota
	ExactlyOnce
)

// String gives the guarantee in words.
func (g Guarantee) String() string {
	return [...]string{"at-least-once", "exactly-once"}[g]
}

// Sink is the writing side of one table in one job.
type Sink interface {
	// Mode is the changelog accepted, Guarantee the promise made.
	Mode() SinkMode
	Guarantee() Guarantee
	// Writer makes the writer of one task (index of parallelism tasks). restored
	// are the writer states of the last published checkpoint, whole sink: on a
	// changed parallelism each is given to exactly one writer.
	Writer(ctx context.Context, env WriterEnv, restored [][]byte) (Writer, error)
	// Committer makes the committing side, one per job.
	Committer(ctx context.Context) (Committer, error)
}

// Prompter is a Sink that wants its rows committed soon, because somebody waits for
// them and a commit leaves nothing behind that should be large, such as a file.
type Prompter interface {
	Sink
	Prompt() bool
}

// WriterEnv is what a writer may use of the engine.
type WriterEnv struct {
	// Context ends with the writer's task; nil never does.
	Context context.Context
	Alloc   memory.Allocator
	// Job names the job, unique on its data directory; Task is the writer's
	// index, Tasks their number. Attempt counts the job's starts from 0.
	Job     string
	Task    int
	Tasks   int
	Attempt int
}

// Writer writes rows so that nobody sees them before they are committed (or, for
// an at-least-once sink, as soon as it can). One goroutine uses it.
type Writer interface {
	// Write takes a batch, borrowed until the call returns. It blocks while the
	// outside is slow.
	Write(ctx context.Context, batch stream.Batch) error
	// Prepare ends an epoch: everything written so far becomes durable but not
	// visible, described by committables. state is what Sink.Writer needs to go
	// on from here (nil if nothing). last is true when no Write follows.
	Prepare(ctx context.Context, epoch uint64, last bool) (Prepared, error)
	// Close frees everything. What was written after the last Prepare is
	// discarded.
	Close() error
}

// Prepared is what a writer hands to a checkpoint.
type Prepared struct {
	// Committables are handed to Committer.Commit after the checkpoint that holds
	// them was published.
	Committables [][]byte `msgpack:"c,omitempty"`
	// State goes to Sink.Writer after a restore.
	State []byte `msgpack:"s,omitempty"`
}

// Committer makes prepared writes visible. It must be idempotent: after a crash
// the last published checkpoint's committables are committed again.
type Committer interface {
	// Commit makes the writes visible, atomically per committable. Everything of
	// older epochs has been committed before.
	Commit(ctx context.Context, epoch uint64, committables [][]byte) error
	// Recover is called once before a restored job starts writing, after its
	// committables were committed: leftovers of this job that were prepared or
	// written but belong to no published checkpoint are removed.
	Recover(ctx context.Context, job string) error
	Close() error
}
