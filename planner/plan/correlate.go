package plan

import (
	"fmt"

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
	// Calling is how the function is called; nil is one call after the other.
	Calling *Calling `msgpack:"m,omitempty"`
}

// Calling is how a function that waits for something outside is called.
type Calling struct {
	// Async makes calls in the background; Unordered lets rows between two watermarks
	// overtake each other.
	Async     bool `msgpack:"a,omitempty"`
	Unordered bool `msgpack:"u,omitempty"`
	// Capacity bounds the requests under way in one task, TimeoutMillis the time of one
	// with its repetitions.
	Capacity      int   `msgpack:"c"`
	TimeoutMillis int64 `msgpack:"t"`
}

func (c *Calling) describe() string {
	if c == nil {
		return ""
	}
	mode := "sync"
	if c.Async {
		mode = fmt.Sprintf("async, %d at a time, ordered", c.Capacity)
	}
	if c.Async && c.Unordered {
		mode = fmt.Sprintf("async, %d at a time, unordered", c.Capacity)
	}
	return fmt.Sprintf(" calls=[%s, timeout %d ms]", mode, c.TimeoutMillis)
}

func (c *Correlate) describe(in types.Schema) string {
	kind := "INNER "
	if c.Left {
		kind = "LEFT "
	}
	text := kind + rex.FormatCall(c.Function, c.Args, in.Names())
	return text + " keep=[" + columns(in, c.Keep) + "] read=[" + columns(c.Columns, c.Read) + "]" + c.Calling.describe()
}
