package optest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
)

// Header is the operator's description at the top of a case. Asking for a name
// marks it as used; unused names fail the case.
type Header struct {
	values map[string]string
	used   map[string]bool
}

func splitHeader(text string) (Header, string) {
	h := Header{values: map[string]string{}, used: map[string]bool{}}
	for {
		line, rest, _ := strings.Cut(text, "\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(name, " +-") {
			return h, text
		}
		h.values[name] = strings.TrimSpace(value)
		text = rest
	}
}

func (h Header) unused() error {
	for name := range h.values {
		if !h.used[name] {
			return errs.Userf("header %s is not known to this operator", name)
		}
	}
	return nil
}

// Text is the value of a name, or "".
func (h Header) Text(name string) string {
	h.used[name] = true
	return h.values[name]
}

// Has reports whether a flag, a name without value, is there.
func (h Header) Has(name string) bool {
	_, ok := h.values[name]
	h.used[name] = true
	return ok
}

// Int is a number, or otherwise.
func (h Header) Int(name string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(h.Text(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// Duration is a duration, or 0.
func (h Header) Duration(name string) time.Duration {
	d, err := time.ParseDuration(h.Text(name))
	if err != nil {
		return 0
	}
	return d
}

// Zone is the time zone called name, nil without.
func (h Header) Zone(name string) (*time.Location, error) {
	if !h.Has(name) {
		return nil, nil
	}
	return time.LoadLocation(h.Text(name))
}

// Schema is a schema.
func (h Header) Schema(name string) (types.Schema, error) { return stream.ParseSchema(h.Text(name)) }

// Columns are columns of schema by name.
func (h Header) Columns(name string, schema types.Schema) ([]int, error) {
	var out []int
	for word := range strings.FieldsSeq(strings.ReplaceAll(h.Text(name), ",", " ")) {
		i := schema.Index(word)
		if i < 0 {
			return nil, errs.Userf("%s is no column of %s", word, schema)
		}
		out = append(out, i)
	}
	return out, nil
}

// SortKeys are columns with an optional DESC and NULLS FIRST or NULLS LAST, in
// Flink's defaults.
func (h Header) SortKeys(name string, schema types.Schema) ([]rex.SortKey, error) {
	return sortKeys(h.Text(name), schema)
}

func sortKeys(text string, schema types.Schema) ([]rex.SortKey, error) {
	var out []rex.SortKey
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		key := rex.SortKey{Column: schema.Index(words[0]), Descending: slices.Contains(words, "DESC")}
		if key.Column < 0 {
			return nil, errs.Userf("%s is no column of %s", words[0], schema)
		}
		key.NullsFirst = !key.Descending
		if i := slices.Index(words, "NULLS"); i >= 0 {
			key.NullsFirst = words[i+1] == "FIRST"
		}
		out = append(out, key)
	}
	return out, nil
}

// Aggs are aggregate calls such as `SUM(v) AS s; COUNT(DISTINCT v) FILTER f AS n`,
// with the output fields they make.
func (h Header) Aggs(name string, schema types.Schema, registry *agg.Registry) ([]rex.AggCall, []types.Field, error) {
	var calls []rex.AggCall
	var fields []types.Field
	for part := range strings.SplitSeq(h.Text(name), ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		call, field, err := ParseAgg(part, schema, registry)
		if err != nil {
			return nil, nil, err
		}
		calls, fields = append(calls, call), append(fields, field)
	}
	return calls, fields, nil
}

// ParseAgg parses one aggregate call and resolves its types.
func ParseAgg(text string, schema types.Schema, registry *agg.Registry) (rex.AggCall, types.Field, error) {
	call := rex.AggCall{Filter: -1}
	text, as, _ := strings.Cut(strings.TrimSpace(text), " AS ")
	head, filter, filtered := strings.Cut(text, " FILTER ")
	name, args, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(head), ")"), "(")
	call.Name = name
	args, call.Distinct = strings.CutPrefix(args, "DISTINCT ")
	args, order, _ := strings.Cut(args, " ORDER BY ")
	if filtered {
		if call.Filter = schema.Index(strings.TrimSpace(filter)); call.Filter < 0 {
			return call, types.Field{}, errs.Userf("%s is no column of %s", filter, schema)
		}
	}
	var exprs []rex.Expr
	for arg := range strings.FieldsSeq(strings.ReplaceAll(args, ",", " ")) {
		if arg == "*" {
			continue
		}
		i := schema.Index(arg)
		if i < 0 {
			return call, types.Field{}, errs.Userf("%s is no column of %s", arg, schema)
		}
		call.Args, call.ArgTypes = append(call.Args, i), append(call.ArgTypes, schema[i].Type)
		exprs = append(exprs, rex.Col(i, schema[i].Type))
	}
	keys, err := sortKeys(order, schema)
	if err != nil {
		return call, types.Field{}, err
	}
	for _, k := range keys {
		call.OrderBy, call.ArgTypes = append(call.OrderBy, k), append(call.ArgTypes, schema[k.Column].Type)
	}
	signature, ok := registry.Aggregate(name)
	if !ok {
		return call, types.Field{}, errs.Userf("aggregate %s is not known", name)
	}
	resolved, err := signature.Resolve(exprs)
	call.Type = resolved.Result
	return call, types.Field{Name: strings.TrimSpace(as), Type: resolved.Result}, err
}
