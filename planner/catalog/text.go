package catalog

import (
	"maps"
	"slices"
	"strings"
)

// Text is a catalog in memory for tests and tools. What a table's connector can do
// is said by the table's options, so that a catalog is defined by CREATE TABLE
// texts alone:
//
//	'bounded'   = 'true'                   the source ends
//	'changes'   = 'insert|upsert|all'      what the source gives
//	'lookup'    = 'true'                   rows can be asked for by key
//	'takes'     = 'columns filters'        the pushdown it takes over
//	'accepts'   = 'append|upsert|retract'  what the sink accepts
//	'guarantee' = 'exactly-once'           what the sink promises
type Text struct {
	relations map[string]Relation
	functions Functions
}

// NewText makes an empty catalog over the given functions.
func NewText(functions Functions) *Text {
	return &Text{relations: map[string]Relation{}, functions: functions}
}

// AddTable adds or replaces a table.
func (c *Text) AddTable(t *Table) { c.relations[t.Name] = Relation{Table: t} }

// AddView adds or replaces a view.
func (c *Text) AddView(v *View) { c.relations[v.Name] = Relation{View: v} }

// Relation looks a name up.
func (c *Text) Relation(name string) (Relation, bool) {
	r, ok := c.relations[name]
	return r, ok
}

// Relations lists all names in order.
func (c *Text) Relations() []string { return slices.Sorted(maps.Keys(c.relations)) }

// Within is the catalog itself: it knows no databases.
func (c *Text) Within(string) Catalog { return c }

// Functions gives the functions.
func (c *Text) Functions() Functions { return c.functions }

// Source answers by the table's options.
func (c *Text) Source(table *Table, want Pushdown) (SourceInfo, error) {
	o := table.Options
	takes := strings.Fields(o["takes"])
	info := SourceInfo{
		Bounded: o["bounded"] == "true", Upsert: o["changes"] == "upsert", Changelog: o["changes"] == "all", Lookup: o["lookup"] == "true",
		Columns: slices.Contains(takes, "columns"), Filters: make([]bool, len(want.Filters)),
	}
	for i := range info.Filters {
		info.Filters[i] = slices.Contains(takes, "filters")
	}
	return info, nil
}

// Sink answers by the table's options; without any it takes inserts only, at
// least once.
func (c *Text) Sink(table *Table) (SinkInfo, error) {
	info := SinkInfo{Mode: "append", Guarantee: "at-least-once"}
	if mode := table.Options["accepts"]; mode != "" {
		info.Mode = mode
	}
	if g := table.Options["guarantee"]; g != "" {
		info.Guarantee = g
	}
	return info, nil
}

var _ Catalog = (*Text)(nil)
