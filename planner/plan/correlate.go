package plan

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Correlate joins each row with the rows that a table function gives for it. Its
// output is the input's columns Keep, then the function's columns Read.
type Correlate struct {
	Function string     `msgpack:"f"`
	Args     []rex.Expr `msgpack:"a,omitempty"`
	// Columns are all columns that the function gives.
	Columns types.Schema `msgpack:"c"`
	Keep    []int        `msgpack:"k,omitempty"`
	Read    []int        `msgpack:"r,omitempty"`
	// Left gives a row for which the function gives none once, with NULLs.
	Left bool `msgpack:"l,omitempty"`
}

func (c *Correlate) describe(in types.Schema) string {
	kind := "INNER "
	if c.Left {
		kind = "LEFT "
	}
	text := kind + rex.CallOf(c.Function, types.Type{}, c.Args...).Format(in.Names())
	return text + " keep=[" + columns(in, c.Keep) + "] read=[" + columns(c.Columns, c.Read) + "]"
}
