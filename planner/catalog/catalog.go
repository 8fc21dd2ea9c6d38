// Package catalog is how the planner sees the world: tables, views and functions
// by name, behind interfaces. The engine implements them over its durable
// metadata and registries; tests use the text-defined [Text] catalog.
package catalog

import (
	"sync"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Catalog looks names up. Names are case-sensitive; functions are asked for by
// upper-case name. A Catalog does not change while a statement is planned.
type Catalog interface {
	// Table returns the table, view or model called name.
	Relation(name string) (Relation, bool)
	// Relations lists all names in order, for suggestions.
	Relations() []string
	// Within is the catalog as the query of the view called name sees it.
	Within(view string) Catalog
	// Functions gives the functions.
	Functions() Functions
	// Sources tells what a table's connector can do while planning.
	Source(table *Table, want Pushdown) (SourceInfo, error)
	// Sink tells what a table's connector accepts.
	Sink(table *Table) (SinkInfo, error)
}

// Metadata is a Catalog that knows what METADATA columns a table's connector gives.
type Metadata interface {
	// Metadata types the pieces of metadata that a table with these options has, by key.
	// what names the connector, for messages; it is empty if there is no such one.
	Metadata(options map[string]string) (types map[string]types.Type, what string)
}

// Functions looks up function signatures and evaluates constants.
type Functions interface {
	Scalar(name string) (rex.Signature, bool)
	Aggregate(name string) (rex.Signature, bool)
	// Table looks up a table function, of LATERAL TABLE(f(…)).
	Table(name string) (rex.TableSignature, bool)
	// Model looks up a model, of ML_PREDICT; the error of class user says that there is
	// none, or why it can't be called.
	Model(name string) (Model, error)
	// Names lists all functions in order, for suggestions.
	Names() []string
	// Fold evaluates an expression without inputs. ok is false when it can't or
	// must not be evaluated ahead (volatile, or it fails: the error belongs to
	// run time).
	Fold(e rex.Expr) (v rex.Value, ok bool)
}

// Model is a declared model as queries see it.
type Model struct {
	// Function is the table function that predicts: Table finds it. It takes Input's
	// columns and gives Output's.
	Function string
	Input    types.Schema
	Output   types.Schema
	// Remote tells that an answer takes a way to another process: calls are better made
	// in the background. Others can't be.
	Remote bool
}

// Relation is a Table or a View; exactly one member is set.
type Relation struct {
	Table *Table
	View  *View
}

// Table is a declared table, as plain data with bound expressions.
type Table struct {
	Name    string   `msgpack:"n"`
	Columns []Column `msgpack:"c"`
	// PrimaryKey lists column names; empty without one.
	PrimaryKey []string `msgpack:"k,omitempty"`
	// Watermark is the event time declaration, or nil.
	Watermark *Watermark `msgpack:"w,omitempty"`
	// PartitionedBy lists column names.
	PartitionedBy []string `msgpack:"b,omitempty"`
	// Options are the WITH options, 'connector' included.
	Options map[string]string `msgpack:"o,omitempty"`
	Comment string            `msgpack:"m,omitempty"`
}

// Written lists the columns that an INSERT writes: physical ones and metadata columns
// that are not virtual.
func (t *Table) Written() []Column {
	var out []Column
	for _, c := range t.Columns {
		if c.Computed == "" && !c.Virtual {
			out = append(out, c)
		}
	}
	return out
}

// Column is one column of a table.
type Column struct {
	Name string     `msgpack:"n"`
	Type types.Type `msgpack:"t"`
	// Computed is the SQL text of a computed column (`AS expr`), or empty.
	Computed string `msgpack:"x,omitempty"`
	// Metadata is the metadata key of a METADATA column, or empty; Virtual ones
	// are not written.
	Metadata string `msgpack:"m,omitempty"`
	Virtual  bool   `msgpack:"v,omitempty"`
	// Given is the type that the connector has the metadata in, where it isn't Type:
	// values are cast.
	Given   *types.Type `msgpack:"g,omitempty"`
	Comment string      `msgpack:"c,omitempty"`
}

// Stored is the column as its connector knows it.
func (c Column) Stored() types.Field {
	if c.Given != nil {
		return types.Field{Name: c.Name, Type: *c.Given}
	}
	return types.Field{Name: c.Name, Type: c.Type}
}

// Physical reports a column that is stored by the connector.
func (c Column) Physical() bool { return c.Computed == "" && c.Metadata == "" }

// Watermark is a table's `WATERMARK FOR column AS expr`.
type Watermark struct {
	Column string `msgpack:"c"`
	// Expr is the SQL text of the expression over the table's columns.
	Expr string `msgpack:"e"`
}

// View is a named query. One that is altered is another View.
type View struct {
	Name string `msgpack:"n"`
	// Columns renames the query's columns when not empty.
	Columns []string `msgpack:"c,omitempty"`
	// Query is the SQL text of the query.
	Query   string `msgpack:"q"`
	Comment string `msgpack:"m,omitempty"`

	parse    sync.Once
	parsed   any
	parseErr error
}

// Parsed is what parse made of the query when it was first asked for: views on views are
// read again by each statement about the last of them. Nobody may change it.
func (v *View) Parsed(parse func(query string) (any, error)) (any, error) {
	v.parse.Do(func() { v.parsed, v.parseErr = parse(v.Query) })
	return v.parsed, v.parseErr
}

// Pushdown is what the planner would like a source to do; see
// connectors/connector.Pushdown, which it becomes.
type Pushdown struct {
	// Columns is the wanted output: physical and metadata columns in table
	// order, ROW types pruned to used fields.
	Columns types.Schema
	// Filters are conjuncts over Columns.
	Filters []rex.Expr
	Limit   int64
}

// SourceInfo is a connector's answer.
type SourceInfo struct {
	// Bounded reports whether the source ends by itself.
	Bounded bool
	// Columns tells whether the projection is taken over.
	Columns bool
	// Filters tells which filters are fully taken over, one per pushed filter.
	Filters []bool
	// Upsert is true for a source that gives upserts by primary key without -U
	// (it needs normalising), Changelog for one that gives all kinds.
	Upsert    bool
	Changelog bool
	// Lookup tells that rows can be asked for by key.
	Lookup bool
}

// SinkInfo is what a sink accepts and promises.
type SinkInfo struct {
	// Mode is "append", "upsert" or "retract".
	Mode string
	// Guarantee is "exactly-once" or "at-least-once".
	Guarantee string
}
