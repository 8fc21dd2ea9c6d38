package expr

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func mapFunctions() []Function {
	s := stringParam()
	textMap := types.MapOf(types.StringType(), types.StringType())
	texts := types.ArrayOf(types.StringType())
	return []Function{
		def("collection", "MAP_KEYS", "MAP_KEYS(map)", "The keys as an array.",
			rule{params: []param{mapParam()}, result: func(a []types.Type) types.Type { return types.ArrayOf(*a[0].Key) }},
			bindMapSide(true), Example{"MAP_KEYS(MAP['a', 1, 'b', 2])", "[a, b]"}),
		def("collection", "MAP_VALUES", "MAP_VALUES(map)", "The values as an array.",
			rule{params: []param{mapParam()}, result: func(a []types.Type) types.Type { return types.ArrayOf(*a[0].Elem) }},
			bindMapSide(false), Example{"MAP_VALUES(MAP['a', 1, 'b', NULL])", "[1, NULL]"}),
		def("collection", "MAP_ENTRIES", "MAP_ENTRIES(map)", "The entries as an array of rows.",
			rule{params: []param{mapParam()}, result: entriesType}, bindMapEntries, Example{"MAP_ENTRIES(MAP['a', 1])", "[(a, 1)]"}),
		def("collection", "MAP_FROM_ARRAYS", "MAP_FROM_ARRAYS(array, array)", "The map of the keys in the first array to the values in the second.",
			rule{params: []param{arrayParam(), arrayParam()}, result: func(a []types.Type) types.Type { return types.MapOf(*a[0].Elem, *a[1].Elem) }},
			bindMapFromArrays, Example{"MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"}).fallible(),
		{Name: "MAP_UNION", Family: "collection", Usage: "MAP_UNION(map, …)", Doc: "All entries; of equal keys that of the last map.",
			Examples: []Example{{"MAP_UNION(MAP['a', 1], MAP['a', 3, 'c', 2])", "{a=3, c=2}"}}, Resolve: resolveMapUnion, Bind: bindMapUnion},
		def("string", "STR_TO_MAP", "STR_TO_MAP(string [, string, string])", "The map in a text, with separators of entries (,) and of key and value (=).",
			rule{params: []param{s, s, s}, optional: 2, result: always(textMap)}, bindStrToMap, Example{"STR_TO_MAP('k1=v1,k2=v2')", "{k1=v1, k2=v2}"}),
		def("string", "SPLIT", "SPLIT(string, string)", "The parts of the string between separators.",
			rule{params: []param{s, s}, result: always(texts)}, bindSplit, Example{"SPLIT('a,b,,c', ',')", "[a, b, , c]"}),
		def("string", "REGEXP_EXTRACT_ALL", "REGEXP_EXTRACT_ALL(string, string [, INT])", "What one of its groups (1, or 0 for all) matches in all matches of the regular expression; NULL without that group.",
			rule{params: []param{s, s, intParam()}, optional: 1, result: always(texts), mayNull: true}, bindExtractAll,
			Example{"REGEXP_EXTRACT_ALL('a1b22', '([0-9]+)')", "[1, 22]"}).costly().fallible(),
	}
}

func entriesType(args []types.Type) types.Type {
	return types.ArrayOf(types.RowOf(types.Field{Name: "key", Type: *args[0].Key}, types.Field{Name: "value", Type: *args[0].Elem}))
}

// entriesOf reads a map vector: spans, keys and values.
func entriesOf(v Vector) (list listColumn, keys, items arrow.Array) {
	m := v.Array.(*array.Map)
	return listOf(v), m.Keys(), m.Items()
}

func bindMapSide(keys bool) binder {
	return func(c *Call) (Kernel, error) {
		return listRows(c.Type, []int{0}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
			list, k, v := entriesOf(args[0])
			side := v
			if keys {
				side = k
			}
			return func(i int, out array.Builder) error {
				from, to := list.span(i)
				for at := from; at < to; at++ {
					columns.Append(out, side, at)
				}
				return nil
			}
		}), nil
	}
}

func bindMapEntries(c *Call) (Kernel, error) {
	return listRows(c.Type, []int{0}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
		list, keys, items := entriesOf(args[0])
		return func(i int, out array.Builder) error {
			row := out.(*array.StructBuilder)
			from, to := list.span(i)
			for at := from; at < to; at++ {
				row.Append(true)
				columns.Append(row.FieldBuilder(0), keys, at)
				columns.Append(row.FieldBuilder(1), items, at)
			}
			return nil
		}
	}), nil
}

// mapRows makes a kernel that appends each row's entries to a map builder; a row
// is NULL where an argument is.
func mapRows(t types.Type, bind func(args []Vector) func(i int, out *array.MapBuilder) error) Kernel {
	dt := t.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		b := array.NewBuilder(ctx.Alloc, dt).(*array.MapBuilder)
		defer b.Release()
		row := bind(args)
	rows:
		for i := range n {
			for _, a := range args {
				if a.Null(i) {
					b.AppendNull()
					continue rows
				}
			}
			b.Append(true)
			if err := row(i, b); err != nil {
				return nil, err
			}
		}
		return b.NewArray(), nil
	}
}

func bindMapFromArrays(c *Call) (Kernel, error) {
	return mapRows(c.Type, func(args []Vector) func(i int, out *array.MapBuilder) error {
		keys, items := listOf(args[0]), listOf(args[1])
		return func(i int, out *array.MapBuilder) error {
			from, to := keys.span(i)
			first, last := items.span(i)
			if to-from != last-first {
				return errs.Userf("%s has %d keys and %d values", c.Label, to-from, last-first)
			}
			for k := range to - from {
				if keys.values.IsNull(from + k) {
					return errs.Userf("%s has a NULL key", c.Label)
				}
				if keys.findAfter(i, from+k) {
					continue
				}
				columns.Append(out.KeyBuilder(), keys.values, from+k)
				columns.Append(out.ItemBuilder(), items.values, first+k)
			}
			return nil
		}
	}), nil
}

// findAfter reports whether the element at comes again later in row i.
func (c listColumn) findAfter(i, at int) bool {
	_, to := c.span(i)
	for later := at + 1; later < to; later++ {
		if columns.Equal(c.values, at, c.values, later) {
			return true
		}
	}
	return false
}

func resolveMapUnion(args []rex.Expr) (rex.Resolved, error) {
	if len(args) == 0 {
		return rex.Resolved{}, errs.Userf("MAP_UNION takes maps")
	}
	common, err := commonValue("MAP_UNION", args)
	if err != nil || common.Kind != types.Map {
		return rex.Resolved{}, errs.Userf("MAP_UNION takes maps of one type, not %s", typeList(args))
	}
	out := rex.Resolved{Result: common}
	for _, a := range args {
		out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
	}
	return out, nil
}

func bindMapUnion(c *Call) (Kernel, error) {
	return mapRows(c.Type, func(args []Vector) func(i int, out *array.MapBuilder) error {
		return func(i int, out *array.MapBuilder) error {
			for k, a := range args {
				list, keys, items := entriesOf(a)
				from, to := list.span(i)
				for at := from; at < to; at++ {
					if keyInLater(args[k+1:], i, keys, at) {
						continue
					}
					columns.Append(out.KeyBuilder(), keys, at)
					columns.Append(out.ItemBuilder(), items, at)
				}
			}
			return nil
		}
	}), nil
}

func keyInLater(maps []Vector, i int, keys arrow.Array, at int) bool {
	for _, m := range maps {
		list, others, _ := entriesOf(m)
		from, to := list.span(i)
		for k := from; k < to; k++ {
			if columns.Equal(keys, at, others, k) {
				return true
			}
		}
	}
	return false
}

// bindStrToMap splits entries; an entry without a separator has a NULL value.
func bindStrToMap(c *Call) (Kernel, error) {
	return mapRows(c.Type, func(args []Vector) func(i int, out *array.MapBuilder) error {
		cols := byteColumns(args)
		return func(i int, out *array.MapBuilder) error {
			entry, pair := ",", "="
			if len(cols) > 1 {
				entry = cols[1].text(i)
			}
			if len(cols) > 2 {
				pair = cols[2].text(i)
			}
			text := cols[0].text(i)
			if text == "" {
				return nil
			}
			parts := strings.Split(text, entry)
			for len(parts) > 0 && parts[len(parts)-1] == "" {
				parts = parts[:len(parts)-1] // as Java's split
			}
			for _, part := range parts {
				key, value, found := strings.Cut(part, pair)
				out.KeyBuilder().(*array.StringBuilder).Append(key)
				if found {
					out.ItemBuilder().(*array.StringBuilder).Append(value)
				} else {
					out.ItemBuilder().AppendNull()
				}
			}
			return nil
		}
	}), nil
}

func bindSplit(c *Call) (Kernel, error) {
	return listRows(c.Type, []int{0, 1}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
		cols := byteColumns(args)
		return func(i int, out array.Builder) error {
			for _, part := range strings.Split(cols[0].text(i), cols[1].text(i)) {
				out.(*array.StringBuilder).Append(part)
			}
			return nil
		}
	}), nil
}

func bindExtractAll(c *Call) (Kernel, error) {
	cache, err := newPatterns(c, 1)
	if err != nil {
		return nil, err
	}
	strict := []int{0, 1, 2}[:len(c.Args)]
	return listRowsOrNull(c.Type, strict, func(_ *EvalContext, args []Vector) (func(i int) bool, func(i int, out array.Builder) error) {
		cols := byteColumns(args)
		group := func(int) int { return 1 }
		if len(args) > 2 {
			numbers := fixedOf[int32](args[2])
			group = func(i int) int { return int(numbers.at(i)) }
		}
		null := func(i int) bool {
			p, err := cache.of(cols[1].text(i))
			return err == errNull || err == nil && (group(i) < 0 || group(i) > p.re.NumSubexp())
		}
		return null, func(i int, out array.Builder) error {
			p, err := cache.of(cols[1].text(i))
			if err != nil {
				return err
			}
			text, group := cols[0].text(i), group(i)
			for _, at := range p.re.FindAllStringSubmatchIndex(text, -1) {
				if at[2*group] < 0 {
					out.AppendNull()
				} else {
					out.(*array.StringBuilder).Append(text[at[2*group]:at[2*group+1]])
				}
			}
			return nil
		}
	}), nil
}
