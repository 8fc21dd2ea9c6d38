// Package plan is the physical plan: plain, printable, versioned data. It is what
// EXPLAIN shows, what a checkpoint stores and what a worker receives. It holds no
// functions, channels or pointers into the engine, and round-trips through
// msgpack.
package plan

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
)

// Version is the format of Plan. Version 1 is the first.
const Version = 1

// Plan is the dataflow of one job: a DAG of nodes. Nodes stand in topological
// order, inputs first; a node's ID is its index. A node that feeds several others
// is computed once.
type Plan struct {
	Version int    `msgpack:"v"`
	Nodes   []Node `msgpack:"n"`
}

// NodeID is the index of a node in its plan.
type NodeID int

// Node is one physical operator. Kind says which one of the members below
// Details is set (Union has none).
type Node struct {
	ID   NodeID `msgpack:"i"`
	Kind Kind   `msgpack:"k"`
	// UID names the operator's state over versions of a query: it is derived from
	// what the state depends on, so unrelated changes leave it alone. It is unique
	// in a plan.
	UID    string       `msgpack:"u"`
	Inputs []Input      `msgpack:"in,omitempty"`
	Schema types.Schema `msgpack:"s"`
	// Mode is the changelog the node emits.
	Mode ChangelogMode `msgpack:"m"`
	// UniqueKeys are sets of columns that are unique in the described table.
	UniqueKeys [][]int `msgpack:"q,omitempty"`
	// Rowtime is the event time column, or -1.
	Rowtime int `msgpack:"t"`
	// Singleton nodes run as one task whatever the job's parallelism.
	Singleton bool `msgpack:"o,omitempty"`

	Source    *Source    `msgpack:"source,omitempty"`
	Values    *Values    `msgpack:"values,omitempty"`
	Watermark *Watermark `msgpack:"watermark,omitempty"`
	Calc      *Calc      `msgpack:"calc,omitempty"`
	Window    *Window    `msgpack:"window,omitempty"`
	GroupAgg  *GroupAgg  `msgpack:"groupagg,omitempty"`
	WindowAgg *WindowAgg `msgpack:"windowagg,omitempty"`
	Join      *Join      `msgpack:"join,omitempty"`
	TopN      *TopN      `msgpack:"topn,omitempty"`
	// WindowTopN is that of a KindWindowTopN.
	WindowTopN *WindowTopN `msgpack:"windowtopn,omitempty"`
	Dedup      *Dedup      `msgpack:"dedup,omitempty"`
	Normalize  *Normalize  `msgpack:"normalize,omitempty"`
	Limit      *Limit      `msgpack:"limit,omitempty"`
	Over       *Over       `msgpack:"over,omitempty"`
	Sink       *Sink       `msgpack:"sink,omitempty"`

	IntervalJoin *IntervalJoin `msgpack:"intervaljoin,omitempty"`
	TemporalSort *TemporalSort `msgpack:"temporalsort,omitempty"`
	LateRows     *LateRows     `msgpack:"laterows,omitempty"`
	TemporalJoin *TemporalJoin `msgpack:"temporaljoin,omitempty"`
	LookupJoin   *LookupJoin   `msgpack:"lookupjoin,omitempty"`
	MultiJoin    *MultiJoin    `msgpack:"multijoin,omitempty"`
	// Match is the pattern of a KindMatch.
	Match *rowpattern.Spec `msgpack:"match,omitempty"`

	Correlate *Correlate `msgpack:"correlate,omitempty"`
}

// Kind is the kind of a node.
type Kind uint8

// The kinds.
const (
	KindSource Kind = iota + 1
	KindValues
	KindWatermark
	KindCalc
	KindWindow
	KindLocalGroupAgg
	KindGroupAgg
	KindLocalWindowAgg
	KindWindowAgg
	KindJoin
	KindTopN
	KindDedup
	KindNormalize
	KindUnion
	KindLimit
	KindSink
	KindSessionWindow
	KindWindowTopN
	KindIntervalJoin
	KindTemporalSort
	KindLateRows
	KindOver
	KindMatch
	KindCorrelate
	KindTemporalJoin
	KindLookupJoin
	KindMultiJoin
)

var kindNames = map[Kind]string{
	KindSource: "Source", KindValues: "Values", KindWatermark: "Watermark", KindCalc: "Calc", KindWindow: "Window",
	KindLocalGroupAgg: "LocalGroupAggregate", KindGroupAgg: "GroupAggregate",
	KindLocalWindowAgg: "LocalWindowAggregate", KindWindowAgg: "WindowAggregate", KindJoin: "Join", KindTopN: "TopN",
	KindDedup: "Deduplicate", KindNormalize: "ChangelogNormalize", KindUnion: "Union", KindLimit: "Limit", KindSink: "Sink",
	KindSessionWindow: "SessionWindow", KindWindowTopN: "WindowTopN",
	KindIntervalJoin: "IntervalJoin",
	KindTemporalSort: "TemporalSort", KindLateRows: "LateRows", KindOver: "Over", KindMatch: "Match",
	KindCorrelate:    "Correlate",
	KindTemporalJoin: "TemporalJoin", KindLookupJoin: "LookupJoin", KindMultiJoin: "MultiJoin",
}

// Kinds lists all kinds in order.
func Kinds() []Kind {
	var kinds []Kind
	for k := KindSource; int(k) <= len(kindNames); k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// String gives the kind's name as EXPLAIN shows it.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Input is an edge: where rows come from, and how they are spread over tasks.
type Input struct {
	Node     NodeID   `msgpack:"n"`
	Exchange Exchange `msgpack:"x"`
	// Keys are the columns of a Hash exchange.
	Keys []int `msgpack:"k,omitempty"`
}

// Exchange is how rows get from the tasks of one node to those of the next.
type Exchange uint8

// The exchanges.
const (
	// Forward keeps rows in the same task.
	Forward Exchange = iota
	// Hash sends rows to the task that owns the key group of Keys.
	Hash
	// Single sends all rows to the one task of a Singleton node.
	Single
	// Rebalance spreads batches evenly.
	Rebalance
	// Broadcast sends every row to every task.
	Broadcast
)

// String gives the exchange's name as EXPLAIN shows it.
func (x Exchange) String() string {
	names := [...]string{"forward", "hash", "single", "rebalance", "broadcast"}
	if int(x) < len(names) {
		return names[x]
	}
	return fmt.Sprintf("exchange(%d)", uint8(x))
}

// ChangelogMode is the set of row kinds a node may emit.
type ChangelogMode uint8

// The modes.
const (
	// InsertOnly streams hold +I.
	InsertOnly ChangelogMode = iota
	// Upsert streams hold +I, +U and -D by unique key, and no -U.
	Upsert
	// Retract streams hold all four kinds.
	Retract
)

// String gives the mode as EXPLAIN shows it.
func (m ChangelogMode) String() string {
	names := [...]string{"I", "I,UA,D", "I,UB,UA,D"}
	if int(m) < len(names) {
		return names[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// TableRef names an external table and carries its declaration, so that a plan
// stands on its own.
type TableRef struct {
	Name      string `msgpack:"n"`
	Connector string `msgpack:"c"`
	// Schema lists physical and metadata columns, in table order.
	Schema        types.Schema      `msgpack:"s"`
	Metadata      map[string]string `msgpack:"m,omitempty"`
	PrimaryKey    []string          `msgpack:"k,omitempty"`
	PartitionedBy []string          `msgpack:"p,omitempty"`
	Options       map[string]string `msgpack:"o,omitempty"`
}

// Source reads a table. The node's schema is Columns when Projected, and the
// whole table's otherwise.
type Source struct {
	Table TableRef `msgpack:"t"`
	// Columns is the pushed projection, Filters the pushed conjuncts over it.
	Columns types.Schema `msgpack:"c,omitempty"`
	Filters []rex.Expr   `msgpack:"f,omitempty"`
	// Projected tells whether the connector took the projection over.
	Projected bool  `msgpack:"j,omitempty"`
	Limit     int64 `msgpack:"l,omitempty"`
	Bounded   bool  `msgpack:"b,omitempty"`
}

// Values gives constant rows.
type Values struct {
	Rows [][]rex.Expr `msgpack:"r"`
}

// Watermark assigns event time: after each batch the watermark is the greatest
// Expr seen so far, as in Flink with nothing more subtracted.
type Watermark struct {
	// Column is the event time column; Expr is over the input's columns and has a
	// timestamp type.
	Column int      `msgpack:"c"`
	Expr   rex.Expr `msgpack:"e"`
	// IdleMillis declares a silent task idle after so long; 0 never.
	IdleMillis int64 `msgpack:"i,omitempty"`
	// AlignGroup names sources that go on in step; "" is none. Splits wait while they are
	// more than AlignDriftMillis ahead of the group's slowest.
	AlignGroup       string `msgpack:"g,omitempty"`
	AlignDriftMillis int64  `msgpack:"gd,omitempty"`
}

// Calc filters, then projects. A nil Filter keeps all rows; nil Project keeps all
// columns.
type Calc struct {
	Filter  *rex.Expr  `msgpack:"f,omitempty"`
	Project []rex.Expr `msgpack:"p,omitempty"`
}

// WindowKind is the shape of windows.
type WindowKind uint8

// The shapes.
const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// String gives the table function's name.
func (k WindowKind) String() string {
	names := [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("window(%d)", uint8(k))
}

// WindowSpec describes windows over a time column. All lengths are in
// milliseconds.
type WindowSpec struct {
	Kind WindowKind `msgpack:"k"`
	// Time is the time column.
	Time int `msgpack:"t"`
	// Size is the window's length (CUMULATE: the greatest; SESSION: the gap).
	SizeMillis int64 `msgpack:"s"`
	// Step is HOP's slide and CUMULATE's step.
	StepMillis   int64 `msgpack:"p,omitempty"`
	OffsetMillis int64 `msgpack:"o,omitempty"`
	// ProcTime windows follow the wall clock instead of Time.
	ProcTime bool `msgpack:"pt,omitempty"`
	// Zone names the time zone that windows over moments are cut in; empty is UTC, and
	// for TIMESTAMP.
	Zone string `msgpack:"z,omitempty"`
	// Attached windows come as columns of the input (a cascade over a windowed
	// relation): Start and End are those columns and Kind is the original's.
	Attached bool `msgpack:"a,omitempty"`
	Start    int  `msgpack:"as,omitempty"`
	End      int  `msgpack:"ae,omitempty"`
	// Partition are the columns that a KindSessionWindow's sessions are apart by;
	// those of an aggregate are apart by its keys.
	Partition []int `msgpack:"pk,omitempty"`
}

// Window appends window_start, window_end and window_time, giving a row once per
// window it belongs to; a KindSessionWindow when its session is over.
type Window struct {
	Spec WindowSpec `msgpack:"w"`
}

// GroupAgg is an unbounded GROUP BY. Its output is the key columns, then the
// aggregates. KindLocalGroupAgg emits keys and encoded accumulators for
// KindGroupAgg with FromLocal set to merge.
type GroupAgg struct {
	Keys []int         `msgpack:"k"`
	Aggs []rex.AggCall `msgpack:"a"`
	// FromLocal tells that the input comes from a KindLocalGroupAgg: key columns,
	// then accumulator columns. Aggs still speak of InputSchema.
	FromLocal bool `msgpack:"l,omitempty"`
	// InputSchema is the schema that Keys and Aggs refer to.
	InputSchema types.Schema `msgpack:"i"`
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool  `msgpack:"r,omitempty"`
	TTLMillis     int64 `msgpack:"ttl,omitempty"`
}

// WindowProperty is an output column of a window aggregate that tells its window.
type WindowProperty uint8

// The properties.
const (
	WindowStart WindowProperty = iota
	WindowEnd
	WindowTime
)

// String gives the property's column name.
func (p WindowProperty) String() string {
	return [...]string{"window_start", "window_end", "window_time"}[p]
}

// WindowAgg aggregates per window and key; its output is the key columns, the
// aggregates, then Properties. A window's rows are emitted once, when the
// watermark passes it, as inserts.
type WindowAgg struct {
	Spec       WindowSpec       `msgpack:"w"`
	Keys       []int            `msgpack:"k"`
	Aggs       []rex.AggCall    `msgpack:"a"`
	Properties []WindowProperty `msgpack:"p"`
	// FromLocal and InputSchema are as in GroupAgg: the local phase's columns are
	// the keys, the slice end (BIGINT), then the accumulators.
	FromLocal   bool         `msgpack:"l,omitempty"`
	InputSchema types.Schema `msgpack:"i"`
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool `msgpack:"r,omitempty"`
	// Emit has windows emitted more than once, as updates; nil once, when due.
	Emit *Emission `msgpack:"e,omitempty"`
}

// Emission is when a window is emitted besides when it is due: what it holds so far
// EarlyMillis of the clock after it changed, and changes by rows that come at most
// LatenessMillis of event time after it was due, LateMillis after they came.
type Emission struct {
	Early          bool  `msgpack:"e,omitempty"`
	EarlyMillis    int64 `msgpack:"em,omitempty"`
	Late           bool  `msgpack:"l,omitempty"`
	LateMillis     int64 `msgpack:"lm,omitempty"`
	LatenessMillis int64 `msgpack:"ln,omitempty"`
}

// JoinKind is the kind of a join.
type JoinKind uint8

// The kinds of join.
const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi
	Anti
	Mark
)

// String gives the SQL word.
func (k JoinKind) String() string {
	names := [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "MARK"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("join(%d)", uint8(k))
}

// Join is an unbounded equi-join of two inputs. Its output is the left columns
// then the right ones (left only for Semi and Anti; left and
// a BOOLEAN that tells whether there is a partner for Mark).
type Join struct {
	Kind      JoinKind `msgpack:"k"`
	LeftKeys  []int    `msgpack:"l"`
	RightKeys []int    `msgpack:"r"`
	// NullEqual tells of which pairs of keys NULL equals NULL; nil for none.
	NullEqual []bool `msgpack:"ne,omitempty"`
	// Condition is a further predicate over left then right columns, or nil.
	Condition *rex.Expr `msgpack:"c,omitempty"`
	// LeftUnique and RightUnique are a unique key of each input, or nil: then the
	// state keeps one row per unique key instead of counted rows.
	LeftUnique  []int `msgpack:"lu,omitempty"`
	RightUnique []int `msgpack:"ru,omitempty"`
	// TTLMillis is how long rows are kept without being written, 0 for ever;
	// RightTTLMillis is that of the right input, nil the same.
	TTLMillis      int64  `msgpack:"ttl,omitempty"`
	RightTTLMillis *int64 `msgpack:"rttl,omitempty"`
}

// RightTTL is how long rows of the right input are kept, in milliseconds.
func (j *Join) RightTTL() int64 {
	if j.RightTTLMillis == nil {
		return j.TTLMillis
	}
	return *j.RightTTLMillis
}

// IntervalJoin is an equi-join of two insert-only inputs whose rows must be near in
// time to match, so that rows can be forgotten: LeftTime − RightTime is from
// LowerMillis to UpperMillis; nil is no bound. It emits inserts only.
type IntervalJoin struct {
	Kind      JoinKind `msgpack:"k"`
	LeftKeys  []int    `msgpack:"l"`
	RightKeys []int    `msgpack:"r"`
	// Condition is a further predicate over left then right columns, or nil.
	Condition   *rex.Expr `msgpack:"c,omitempty"`
	LeftTime    int       `msgpack:"lt"`
	RightTime   int       `msgpack:"rt"`
	LowerMillis *int64    `msgpack:"lo,omitempty"`
	UpperMillis *int64    `msgpack:"up,omitempty"`
	// LeftLifeMillis tells when left rows are forgotten: once the watermark is their
	// time plus this; nil is never. RightLifeMillis likewise.
	LeftLifeMillis  *int64 `msgpack:"ll,omitempty"`
	RightLifeMillis *int64 `msgpack:"rl,omitempty"`
	// DelayMillis is how far the output's watermark stays behind the input's.
	DelayMillis int64 `msgpack:"d,omitempty"`
	// ProcTime takes the clock at arrival for the times.
	ProcTime bool `msgpack:"pt,omitempty"`
	// Windowed tells that the times are ends of windows: rows late for theirs are
	// dropped. Only then may Kind be Semi or Anti.
	Windowed bool `msgpack:"w,omitempty"`
	// Zone is that of the windows' WindowSpec.
	Zone string `msgpack:"z,omitempty"`
}

// TopN keeps rows Offset+1 … Offset+Count of each partition by OrderBy; ties keep
// arrival order. With Rank the output has a last BIGINT column with the rank.
type TopN struct {
	PartitionBy []int         `msgpack:"p"`
	OrderBy     []rex.SortKey `msgpack:"o"`
	Offset      int64         `msgpack:"f,omitempty"`
	Count       int64         `msgpack:"c"`
	Rank        bool          `msgpack:"r,omitempty"`
	// InputRetracts tells whether the input may take rows away; InputUnique is a
	// unique key of it, or nil.
	InputRetracts bool  `msgpack:"ir,omitempty"`
	InputUnique   []int `msgpack:"iu,omitempty"`
	TTLMillis     int64 `msgpack:"ttl,omitempty"`
	// LastOfTies prefers later rows among equal ones.
	LastOfTies bool `msgpack:"l,omitempty"`
}

// WindowTopN is a TopN whose partitions lie within windows: each is emitted once,
// as inserts, when the watermark has passed its window's end, the column End.
type WindowTopN struct {
	PartitionBy []int `msgpack:"p"`
	End         int   `msgpack:"e"`
	// Zone is that of the windows' WindowSpec.
	Zone    string        `msgpack:"z,omitempty"`
	OrderBy []rex.SortKey `msgpack:"o"`
	Offset  int64         `msgpack:"f,omitempty"`
	Count   int64         `msgpack:"c"`
	Rank    bool          `msgpack:"r,omitempty"`
	// LastOfTies prefers later rows among equal ones.
	LastOfTies bool `msgpack:"l,omitempty"`
}

// TemporalSort gives rows by OrderBy, whose first column is a time that ascends,
// once the watermark, or the clock, has reached them.
type TemporalSort struct {
	OrderBy  []rex.SortKey `msgpack:"o"`
	ProcTime bool          `msgpack:"p,omitempty"`
}

// LateRows appends a BOOLEAN column that tells whether all windows of a row were
// over before it came.
type LateRows struct {
	// Spec are the windows; Partition what sessions are apart by.
	Spec WindowSpec `msgpack:"w"`
	// LatenessMillis is how long after a window was due rows of it still count.
	LatenessMillis int64 `msgpack:"l,omitempty"`
}

// Dedup keeps the first or last row of each key by time.
type Dedup struct {
	Keys []int `msgpack:"k"`
	// Time is the time column that orders rows; -1 orders by arrival.
	Time     int  `msgpack:"t"`
	KeepLast bool `msgpack:"l,omitempty"`
	// EmitUpdateBefore is false when no consumer needs -U.
	EmitUpdateBefore bool  `msgpack:"ub,omitempty"`
	TTLMillis        int64 `msgpack:"ttl,omitempty"`
}

// Normalize turns upserts without -U into a full changelog by key.
type Normalize struct {
	Keys      []int `msgpack:"k"`
	TTLMillis int64 `msgpack:"ttl,omitempty"`
}

// Limit passes on the first Count rows after Offset.
type Limit struct {
	Offset int64 `msgpack:"f,omitempty"`
	Count  int64 `msgpack:"c"`
}

// Sink writes to a table, or collects a SELECT's result.
type Sink struct {
	Table TableRef `msgpack:"t"`
	// Collect marks the result of a SELECT: Table is empty.
	Collect bool `msgpack:"c,omitempty"`
	// OrderBy sorts the final table of a collected bounded result.
	OrderBy []rex.SortKey `msgpack:"o,omitempty"`
	// Visible is the number of leading columns that a collected result shows; the
	// others only order it. 0 means all.
	Visible int `msgpack:"w,omitempty"`
	// Mode is what the sink accepts: "append", "upsert" or "retract".
	Mode string `msgpack:"m"`
	// UpsertKey are the columns that identify a row for an upsert sink.
	UpsertKey []int `msgpack:"k,omitempty"`
	// Guarantee is "exactly-once" or "at-least-once".
	Guarantee string `msgpack:"g"`
	// NotNull are the columns that are checked for NULL; DropNulls drops such rows
	// instead of failing.
	NotNull   []int `msgpack:"nn,omitempty"`
	DropNulls bool  `msgpack:"dn,omitempty"`
}
