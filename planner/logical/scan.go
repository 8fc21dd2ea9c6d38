package logical

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
)

// Scan reads the physical and metadata columns of a table.
type Scan struct {
	props Props
	// Table is the table with the options of hints applied; not to be changed.
	Table *catalog.Table
	// Columns is the output: all stored columns, or what was pushed down.
	Columns types.Schema
	// Projected tells that Columns was pushed into the connector.
	Projected bool
	// Filters are pushed conjuncts over Columns that the connector takes over.
	Filters []rex.Expr
	// Limit is the most rows wanted, 0 for all.
	Limit int64
	// Info is what the connector said.
	Info catalog.SourceInfo
	// Raw leaves upserts as they come, without what they replace.
	Raw bool
}

// ScanSpec are the fields of a Scan.
type ScanSpec struct {
	Table     *catalog.Table
	Columns   types.Schema
	Projected bool
	Filters   []rex.Expr
	Limit     int64
	Info      catalog.SourceInfo
	Raw       bool
}

// NewScan makes a Scan.
func NewScan(s ScanSpec) *Scan {
	n := &Scan{Table: s.Table, Columns: s.Columns, Projected: s.Projected, Filters: s.Filters, Limit: s.Limit, Info: s.Info, Raw: s.Raw}
	n.props = Props{Schema: s.Columns, Time: make([]TimeKind, len(s.Columns)), Changes: Inserts, Bounded: s.Info.Bounded}
	if s.Info.Upsert || s.Info.Changelog {
		n.props.Changes = AllChanges
	}
	if key, ok := keyColumns(s.Columns, s.Table.PrimaryKey); ok {
		n.props.Keys = [][]int{key}
	}
	return n
}

// keyColumns finds the columns of a primary key.
func keyColumns(schema types.Schema, names []string) ([]int, bool) {
	var key []int
	for _, name := range names {
		i := schema.Index(name)
		if i < 0 {
			return nil, false
		}
		key = append(key, i)
	}
	slices.Sort(key)
	return key, len(key) > 0
}

// Stored lists a table's physical and metadata columns, what a scan of all of it
// yields.
func Stored(t *catalog.Table) types.Schema {
	var out types.Schema
	for _, c := range t.Columns {
		if c.Computed == "" {
			out = append(out, c.Stored())
		}
	}
	return out
}

// Spec gives the node's fields, for a changed copy.
func (n *Scan) Spec() ScanSpec {
	return ScanSpec{Table: n.Table, Columns: n.Columns, Projected: n.Projected, Filters: n.Filters, Limit: n.Limit, Info: n.Info, Raw: n.Raw}
}

// Inputs is empty.
func (n *Scan) Inputs() []Node { return nil }

// WithInputs returns n.
func (n *Scan) WithInputs([]Node) Node { return n }

// Props are the derived properties.
func (n *Scan) Props() *Props { return &n.props }

// Kind is "Scan".
func (n *Scan) Kind() string { return "Scan" }

func (n *Scan) payload() any {
	keys := slices.Sorted(maps.Keys(n.Table.Options))
	options := make([]string, len(keys))
	for i, k := range keys {
		options[i] = k + "=" + n.Table.Options[k]
	}
	return []any{n.Table.Name, options, n.Columns, n.Projected, n.Filters, n.Limit, n.Raw}
}

func (n *Scan) details() string {
	parts := []string{n.Table.Name}
	columns := make([]string, len(n.Columns))
	for i, c := range n.Columns {
		columns[i] = columnText(n.Table, c)
	}
	parts = append(parts, "("+strings.Join(columns, ", ")+")")
	if len(n.Filters) > 0 {
		parts = append(parts, "filter="+formatAll(n.Filters, n.Columns.Names()))
	}
	if n.Limit > 0 {
		parts = append(parts, fmt.Sprintf("limit=%d", n.Limit))
	}
	return strings.Join(parts, " ")
}

// columnText prints a column, with its fields when the row was pruned.
func columnText(t *catalog.Table, c types.Field) string {
	for _, declared := range t.Columns {
		if declared.Name == c.Name && !declared.Stored().Type.Equal(c.Type) {
			return PrunedText(c)
		}
	}
	return c.Name
}

// PrunedText prints a column of a pruned row type as name{field, …}.
func PrunedText(c types.Field) string {
	if c.Type.Kind != types.Row {
		return c.Name
	}
	fields := make([]string, len(c.Type.Fields))
	for i, f := range c.Type.Fields {
		fields[i] = PrunedText(f)
	}
	return c.Name + "{" + strings.Join(fields, ", ") + "}"
}

func formatAll(exprs []rex.Expr, names []string) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = e.Format(names)
	}
	return strings.Join(parts, " AND ")
}

var _ Node = (*Scan)(nil)
