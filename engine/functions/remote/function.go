package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/codec"
	formatjson "github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// version is the version of request and answer.
const version = 1

// New makes the function of a definition.
func New(d functions.Definition) (functions.Entry, error) {
	o, err := Spec().Parse(d.Options)
	if err != nil {
		return functions.Entry{}, err
	}
	sig, err := parseSignature(o.String(optionSignature))
	if err != nil {
		return functions.Entry{}, err
	}
	can, err := abilities(o, sig)
	if err != nil {
		return functions.Entry{}, err
	}
	call, err := ParseCall(d.Class, o, optionHeader)
	if err != nil {
		return functions.Entry{}, err
	}
	f := &function{name: d.Name, what: "function", sig: sig, client: NewClient(call), opts: call}
	if name := o.String(optionFunction); name != "" {
		f.name = name
	}
	f.out = sig.columns
	if f.out == nil {
		f.out = types.Schema{{Name: "result", Type: sig.result}}
	}
	if err := formatjson.CheckTypes(append(sig.args[:len(sig.args):len(sig.args)], f.out...), "json"); err != nil {
		return functions.Entry{}, err
	}
	params := make([]types.Type, len(sig.args))
	for i, a := range sig.args {
		params[i] = a.Type
	}
	doc := "The function " + f.name + " of " + d.Class + "."
	if sig.aggregate {
		f.what = "aggregate function"
		entry := agg.FolderFunction(d.Name, params, sig.result, func() agg.Folder {
			return &aggregate{function: f, can: can, slots: NewSlots(0, call.Concurrency)}
		})
		entry.Doc = doc
		return functions.Entry{Aggregate: &entry}, nil
	}
	if sig.columns != nil {
		entry := expr.UserTable(d.Name, params, sig.columns)
		entry.Doc = doc
		entry.Overlaps, entry.Bind = true, f.bindTable
		return functions.Entry{Table: &entry}, nil
	}
	entry := expr.UserScalar(d.Name, params, sig.result, func(*expr.Call) (expr.Kernel, error) {
		slots := NewSlots(0, f.opts.Concurrency)
		return func(ctx *expr.EvalContext, args []expr.Vector, rows int) (arrow.Array, error) {
			return f.scalar(ctx, caller{f, slots, 0}, args, rows)
		}, nil
	})
	entry.Doc, entry.Volatile = doc, !o.Bool(optionDeterministic)
	return functions.Entry{Scalar: &entry}, nil
}

// function is a function of a service; what is what messages call it.
type function struct {
	name, what string
	sig        signature
	// rowEach tells that a result is one row, and not an array of rows.
	rowEach bool
	out     types.Schema
	client  *Client
	opts    CallOptions
}

// request is the body of a call.
type request struct {
	Version  int               `json:"version"`
	Function string            `json:"function"`
	Rows     []json.RawMessage `json:"rows"`
}

// answer is the body of an answer.
type answer struct {
	Results []json.RawMessage `json:"results"`
	Errors  []struct {
		Row     int    `json:"row"`
		Message string `json:"message"`
	} `json:"errors"`
}

// caller is how one kernel calls a function.
type caller struct {
	f       *function
	slots   Slots
	timeout time.Duration
}

// scalar is the kernel of a scalar function.
func (f *function) scalar(ctx *expr.EvalContext, c caller, args []expr.Vector, rows int) (arrow.Array, error) {
	cols := make([]arrow.Array, len(args))
	for i, v := range args {
		cols[i] = v.Column(ctx.Alloc, rows)
	}
	results, err := c.call(ctx.Context, cols, rows)
	for _, col := range cols {
		col.Release()
	}
	if err != nil {
		return nil, err
	}
	return f.column(ctx.Alloc, results)
}

// column makes the only column of results.
func (f *function) column(alloc memory.Allocator, results []json.RawMessage) (arrow.Array, error) {
	out, err := f.decode(alloc, len(results), func(record func(json.RawMessage) error) error {
		for _, r := range results {
			if err := record(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// bindTable makes the kernel of a table function.
func (f *function) bindTable(c *expr.TableCall) (expr.TableKernel, error) {
	slots := NewSlots(c.Concurrency, f.opts.Concurrency)
	return func(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
		results, err := caller{f, slots, c.Timeout}.call(ctx.Context, args, rows)
		if err != nil {
			return expr.Rows{}, err
		}
		return f.rows(ctx.Alloc, results)
	}, nil
}

// rows makes rows of the results of a table function.
func (f *function) rows(alloc memory.Allocator, results []json.RawMessage) (expr.Rows, error) {
	parents := make([]int32, 0, len(results))
	out, err := f.decode(alloc, len(results), func(record func(json.RawMessage) error) error {
		for i, r := range results {
			list := []json.RawMessage{r}
			if !f.rowEach {
				if err := json.Unmarshal(r, &list); err != nil {
					return errs.Userf("result %s is no array of rows", Excerpt(r))
				}
			}
			for _, row := range list {
				if err := record(row); err != nil {
					return err
				}
				parents = append(parents, int32(i))
			}
		}
		return nil
	})
	return expr.Rows{Parents: parents, Columns: out}, err
}

// decode makes columns of the rows that feed gives: objects, or the bare values of
// the only column.
func (f *function) decode(alloc memory.Allocator, rows int, feed func(record func(json.RawMessage) error) error) ([]arrow.Array, error) {
	decoder, err := formatjson.Format{}.NewDecoder(codec.Config{Schema: f.out, Alloc: alloc, BatchRows: max(rows, 1)})
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	head, err := json.Marshal(f.out[0].Name)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "encode a name")
	}
	var message []byte
	err = feed(func(value json.RawMessage) error {
		if f.sig.columns == nil || len(f.out) == 1 && (len(value) == 0 || value[0] != '{') {
			message = append(append(append(append(append(message[:0], '{'), head...), ':'), value...), '}')
			value = message
		}
		return decoder.Record(value)
	})
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "the answer of %s to the %s %s", f.opts.URL, f.what, f.name)
	}
	batch := decoder.Flush()
	if batch.Record == nil { // no rows
		out := make([]arrow.Array, len(f.out))
		for i, field := range f.out {
			out[i] = columns.Nulls(alloc, field.Type.Arrow(), 0)
		}
		return out, nil
	}
	defer batch.Release()
	out := make([]arrow.Array, len(f.out))
	for i := range out {
		out[i] = batch.Column(i)
		out[i].Retain()
	}
	return out, nil
}

// call sends rows in pieces, several at a time, and gives a result for each.
func (c caller) call(ctx context.Context, cols []arrow.Array, rows int) ([]json.RawMessage, error) {
	encoded, err := c.f.encode(cols, rows)
	if err != nil {
		return nil, err
	}
	results := make([]json.RawMessage, rows)
	err = c.slots.Pieces(ctx, rows, c.f.opts.BatchRows, c.timeout, func(ctx context.Context, from, to int) error {
		return c.f.piece(ctx, encoded[from:to], results[from:to], from)
	})
	return results, err
}

// piece sends some rows; from is the first one's place in the batch.
func (f *function) piece(ctx context.Context, rows, results []json.RawMessage, from int) error {
	body, err := json.Marshal(request{Version: version, Function: f.name, Rows: rows})
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode a request")
	}
	data, err := f.client.Post(ctx, body)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "%s %s", f.what, f.name)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return errs.Userf("the answer of %s to the %s %s is no JSON of the form {\"results\": […]}: %s", f.opts.URL, f.what, f.name, Excerpt(data))
	}
	if len(a.Errors) > 0 {
		at := a.Errors[0].Row
		text := ""
		if at >= 0 && at < len(rows) {
			text = fmt.Sprintf(", row %d of the batch, %s", from+at, Excerpt(rows[at]))
		}
		return errs.Userf("%s %s of %s%s: %s", f.what, f.name, f.opts.URL, text, a.Errors[0].Message)
	}
	if len(a.Results) != len(rows) {
		return errs.Userf("%s gave %d results of the %s %s for %d rows", f.opts.URL, len(a.Results), f.what, f.name, len(rows))
	}
	copy(results, a.Results)
	return nil
}

// encode makes an object of each row.
func (f *function) encode(cols []arrow.Array, rows int) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, rows)
	if len(f.sig.args) == 0 {
		for i := range out {
			out[i] = json.RawMessage("{}")
		}
		return out, nil
	}
	encoder, err := formatjson.Format{}.NewEncoder(codec.Config{Schema: f.sig.args})
	if err != nil {
		return nil, err
	}
	for _, c := range cols {
		c.Retain()
	}
	batch := stream.NewBatch(stream.SchemaFor(f.sig.args.Arrow(), cols), cols, rows, nil)
	defer batch.Release()
	data, ends, err := encoder.Encode(nil, nil, batch)
	if err != nil {
		return nil, err
	}
	start := 0
	for i, end := range ends {
		out[i], start = data[start:end:end], end
	}
	return out, nil
}
