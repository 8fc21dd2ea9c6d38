package sql

import "github.com/thalweg/thalweg/internal/types"

// CreateTable is CREATE TABLE with columns, LIKE, AS SELECT or some of them.
type CreateTable struct {
	Place
	Temporary   bool
	IfNotExists bool
	// OrReplace marks [CREATE OR] REPLACE TABLE … AS.
	OrReplace  bool
	Name       Name
	Columns    []Column
	Watermarks []WatermarkDef
	// PrimaryKey is the key of either form; nil when there is none.
	PrimaryKey *PrimaryKey
	// UniqueKeys are the UNIQUE constraints.
	UniqueKeys  []PrimaryKey
	Comment     *string
	Distributed *Distribution
	PartitionBy []Ident
	With        []Option
	Like        *LikeTable
	// As is the query of CREATE TABLE … AS; nil without.
	As *Query
	// AsColumns are the bare names of CREATE TABLE t (a, b) … AS, which only
	// reorder the query's columns.
	AsColumns []Ident
}

// ColumnKind tells the four kinds of columns apart.
type ColumnKind uint8

// The column kinds.
const (
	PhysicalColumn ColumnKind = iota
	ComputedColumn
	MetadataColumn
)

// String gives the kind's lower-case name.
func (k ColumnKind) String() string {
	return enumString(int(k), "ColumnKind", "physical", "computed", "metadata")
}

// Column is one column of a CREATE or ALTER TABLE.
type Column struct {
	Place
	Kind ColumnKind
	Name Ident
	// Type is the declared type; unset (and TypePlace zero) for a computed column.
	Type      types.Type
	TypePlace Place
	// Expr is a computed column's expression.
	Expr Expr
	// MetadataKey is the key of METADATA FROM 'key'; empty means the column's name.
	MetadataKey string
	// Virtual marks METADATA … VIRTUAL: read, never written.
	Virtual bool
	Comment *string
}

// WatermarkDef is WATERMARK FOR column AS expr.
type WatermarkDef struct {
	Place
	// Column is a path, since it may be a field of a row.
	Column Name
	Expr   Expr
}

// PrimaryKey is [CONSTRAINT name] PRIMARY KEY (columns) [NOT] ENFORCED; also
// used for UNIQUE.
type PrimaryKey struct {
	Place
	Constraint *Ident
	Columns    []Ident
	// Enforced is what was written: false for NOT ENFORCED, true for ENFORCED or
	// nothing. Only NOT ENFORCED is legal in Flink; the binder checks.
	Enforced bool
}

// Distribution is DISTRIBUTED [BY [HASH|RANGE] (columns)] [INTO n BUCKETS].
type Distribution struct {
	Place
	// Kind is "", "HASH" or "RANGE".
	Kind    string
	Columns []Ident
	// Buckets is 0 when not given.
	Buckets int
}

// LikeTable is the LIKE clause of CREATE TABLE.
type LikeTable struct {
	Place
	Name    Name
	Options []LikeOption
}

// LikeOption is one of {INCLUDING|EXCLUDING|OVERWRITING} {ALL|…}.
type LikeOption struct {
	Place
	// Strategy is "INCLUDING", "EXCLUDING" or "OVERWRITING".
	Strategy string
	// Feature is "ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA",
	// "OPTIONS", "PARTITIONS" or "WATERMARKS".
	Feature string
}

// CreateView is CREATE [TEMPORARY] VIEW.
type CreateView struct {
	Place
	Temporary   bool
	IfNotExists bool
	OrReplace   bool
	Name        Name
	// Columns renames the query's columns; nil keeps them.
	Columns []ViewColumn
	Comment *string
	Query   *Query
}

// ViewColumn is a column name of a view with an optional comment.
type ViewColumn struct {
	Place
	Name    Ident
	Comment *string
}

// CreateMaterializedView is CREATE MATERIALIZED VIEW: a running job whose result
// can be read.
type CreateMaterializedView struct {
	Place
	IfNotExists bool
	OrReplace   bool
	OrAlter     bool
	Name        Name
	Columns     []ViewColumn
	// PrimaryKey is the declared key; nil lets the planner infer it.
	PrimaryKey *PrimaryKey
	Comment    *string
	With       []Option
	// Freshness and RefreshMode ("CONTINUOUS" or "FULL") are Flink's clauses of a
	// MATERIALIZED TABLE; nil and empty without.
	Freshness    *Freshness
	RefreshMode  string
	RefreshPlace Place
	Query        *Query
}

// Freshness is FRESHNESS = INTERVAL 'count' unit.
type Freshness struct {
	Place
	Count string
	Unit  string
}

// CreateFunction is CREATE [TEMPORARY [SYSTEM]] FUNCTION name AS 'class'.
type CreateFunction struct {
	Place
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        Name
	// Class is the implementation's name, ClassPlace its own span.
	Class      string
	ClassPlace Place
	// Language is upper case, or empty.
	Language string
	// Using are the resources of USING JAR 'path', ….
	Using []Resource
	With  []Option
}

// Resource is one JAR, FILE or ARCHIVE of a function.
type Resource struct {
	Place
	// Kind is "JAR", "FILE" or "ARCHIVE".
	Kind string
	Path string
}

// CreateModel is CREATE MODEL name INPUT (…) OUTPUT (…) WITH (…).
type CreateModel struct {
	Place
	Temporary   bool
	IfNotExists bool
	OrReplace   bool
	Name        Name
	Input       []Column
	Output      []Column
	Comment     *string
	With        []Option
}

// CreateStream is CREATE STREAM name [(columns …)] WITH (…): a built-in shard log,
// with the same clauses as a table.
type CreateStream struct {
	Place
	IfNotExists bool
	Name        Name
	Columns     []Column
	Watermarks  []WatermarkDef
	PrimaryKey  *PrimaryKey
	Comment     *string
	With        []Option
}

// CreateCatalog is CREATE CATALOG name WITH (…).
type CreateCatalog struct {
	Place
	IfNotExists bool
	Name        Ident
	Comment     *string
	With        []Option
}

// CreateDatabase is CREATE DATABASE name.
type CreateDatabase struct {
	Place
	IfNotExists bool
	Name        Name
	Comment     *string
	With        []Option
}
