package expr

import (
	"encoding/json"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func jsonFunctions() []Function {
	s := stringParam()
	is := func(name, doc string, test func(text []byte) bool, example string) Function {
		return def("json", name, "string "+name, doc, boolRule(textParam()), toBool(func(args []byteColumn) func(i int) (bool, error) {
			return func(i int) (bool, error) { text := args[0].at(i); return json.Valid(text) && test(text), nil }
		}), Example{example + " " + name, "TRUE"}).costly()
	}
	first := func(text []byte) byte { return trimJSON(text)[0] }
	return []Function{
		is("IS JSON", "TRUE if the string is JSON.", func([]byte) bool { return true }, `'[1]'`).alias("IS JSON VALUE"),
		is("IS JSON OBJECT", "TRUE if the string is a JSON object.", func(t []byte) bool { return first(t) == '{' }, `'{}'`),
		is("IS JSON ARRAY", "TRUE if the string is a JSON array.", func(t []byte) bool { return first(t) == '[' }, `'[]'`),
		is("IS JSON SCALAR", "TRUE if the string is a JSON scalar.", func(t []byte) bool { b := first(t); return b != '{' && b != '[' }, `'1'`),
		{Name: "JSON", Family: "json", Usage: "JSON(string)", Doc: "JSON as it is, to be put into JSON_OBJECT, JSON_ARRAY and their aggregates; NULL for an empty string. What is no JSON is an error.",
			Examples: []Example{{"JSON_ARRAY(JSON('{\"b\": 1}'), '{}')", `[{"b":1},"{}"]`}},
			Resolve:  textRule(textParam()).null().to("JSON"), Bind: bindJSONText, Fallible: true},
		{Name: "JSON_STRING", Family: "json", Usage: "JSON_STRING(value)", Doc: "The value as JSON; NULL for NULL.", Examples: []Example{{"JSON_STRING(ARRAY[1, 2])", "[1,2]"}},
			Resolve: textRule(anyParam()).to("JSON_STRING"), Bind: bindJSONString},
		def("json", "JSON_QUOTE", "JSON_QUOTE(string)", "The string as a JSON string, with other than ASCII characters escaped.", textRule(s),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) { return appendQuoted(dst, args[0].text(i), true), nil }
			}), Example{"JSON_QUOTE('a\"é')", `"a\"\u00e9"`}),
		def("json", "JSON_UNQUOTE", "JSON_UNQUOTE(string)", "The value of a JSON string; other text as it is.", textRule(s),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) {
					return appendUnquoted(dst, args[0].at(i)), nil
				}
			}), Example{`JSON_UNQUOTE('"a\u00e9"')`, "aé"}),
	}
}

// appendUnquoted appends what a JSON string says. As in Flink, whose parser stops
// behind a text's first value, quotes within the outer ones need no escape; what is
// no such string stays as it is.
func appendUnquoted(dst, raw []byte) []byte {
	last := len(raw) - 1
	if last < 1 || raw[0] != '"' || raw[last] != '"' || !json.Valid(raw[:firstStringEnd(raw)]) {
		return append(dst, raw...)
	}
	var quoted []byte
	for i := 1; i < last; i++ {
		switch c := raw[i]; {
		case c == '\\' && i+1 < last:
			quoted = append(quoted, c, raw[i+1])
			i++
		case c == '"':
			quoted = append(quoted, '\\', c)
		default:
			quoted = append(quoted, c)
		}
	}
	quoted = append(append([]byte{'"'}, quoted...), '"')
	if !json.Valid(quoted) {
		return append(dst, raw...)
	}
	return append(dst, jsonText(quoted)...)
}

// firstStringEnd is where the string at the start of raw ends, or raw does.
func firstStringEnd(raw []byte) int {
	for i := 1; i < len(raw); i++ {
		if raw[i] == '\\' {
			i++
		} else if raw[i] == '"' {
			return i + 1
		}
	}
	return len(raw)
}

// bindJSONText makes the kernel of JSON, whose result is put into other JSON as it
// is.
func bindJSONText(c *Call) (Kernel, error) {
	c.Zoned = true // not folded: see rawJSON
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cols := byteColumns(args)
		return func(dst []byte, i int) ([]byte, error) {
			text := trimJSON(cols[0].at(i))
			if len(text) == 0 {
				return dst, errNull
			}
			if !json.Valid(text) {
				return dst, errs.Userf("%s: '%s' is not JSON", c.Label, text)
			}
			return appendSortedJSON(dst, text), nil
		}
	}), nil
}

func bindJSONString(c *Call) (Kernel, error) {
	t := c.Args[0].Type
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cell, mask := cellOf(args[0], t, ctx.zone()), args[0].stride()
		return func(dst []byte, i int) ([]byte, error) { return appendJSON(dst, cell, i&mask), nil }
	}), nil
}

// jsonMakers are JSON_ARRAY and JSON_OBJECT. What they do with NULLs is one entry
// a variant, its name followed by the clause, as the binder writes it.
func jsonMakers() []Function {
	make := func(name, clause, usage, doc string, each int, bind binder, example Example) Function {
		return Function{Name: strings.TrimSuffix(name+" "+clause, " "), Family: "json", Usage: usage, Doc: doc, Examples: []Example{example},
			Resolve: resolveJSONParts(name, each), Bind: bind}
	}
	array, object := "JSON_ARRAY(value, …", "JSON_OBJECT([KEY] string VALUE value, …"
	return []Function{
		make("JSON_ARRAY", "", array+" [NULL ON NULL | ABSENT ON NULL])", "A JSON array of the values; NULLs are left out unless NULL ON NULL.", 1,
			bindJSONArray(false), Example{"JSON_ARRAY(1, NULL, 'a', JSON_ARRAY(TRUE))", `[1,"a",[true]]`}),
		make("JSON_ARRAY", "NULL ON NULL", array+" NULL ON NULL)", "A JSON array of the values.", 1,
			bindJSONArray(true), Example{"JSON_ARRAY(1, NULL NULL ON NULL)", "[1,null]"}),
		make("JSON_OBJECT", "", object+" [NULL ON NULL | ABSENT ON NULL])",
			"A JSON object of keys and values, in the order of the keys; NULLs are values unless ABSENT ON NULL.", 2,
			bindJSONObject(true), Example{"JSON_OBJECT('n' VALUE NULL, 'k' VALUE 1.5)", `{"k":1.5,"n":null}`}),
		make("JSON_OBJECT", "ABSENT ON NULL", object+" ABSENT ON NULL)", "A JSON object of keys and the values that are not NULL.", 2,
			bindJSONObject(false), Example{"JSON_OBJECT('n' VALUE NULL, 'k' VALUE 1.5 ABSENT ON NULL)", `{"k":1.5}`}),
	}
}

// resolveJSONParts types JSON_ARRAY (each 1) and JSON_OBJECT (each 2: a key and a
// value).
func resolveJSONParts(name string, each int) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args)%each != 0 {
			return rex.Resolved{}, errs.Userf("%s takes pairs of key and value", name)
		}
		out := rex.Resolved{Result: types.StringType().NotNull()}
		for i, a := range args {
			t := a.Type
			if each == 2 && i%2 == 0 && !t.IsString() {
				return rex.Resolved{}, errs.Userf("a key of %s must be a STRING, not %s", name, t.WithNullable(true))
			}
			out.Args = append(out.Args, t)
		}
		return out, nil
	}
}

// jsonParts writes values of any type. Nested calls of JSON_OBJECT and JSON_ARRAY
// are put in as they are.
type jsonParts struct {
	cells []columns.Cell
	masks []int
	raw   []bool
}

// rawJSON marks the arguments that are JSON already. The call must not be folded:
// inside another one it would then look like a string.
func rawJSON(c *Call) []bool {
	c.Zoned = true
	raw := make([]bool, len(c.Args))
	for i, a := range c.Args {
		raw[i] = a.Kind == rex.Call && (a.Name == "JSON" || strings.HasPrefix(a.Name, "JSON_OBJECT") || strings.HasPrefix(a.Name, "JSON_ARRAY"))
	}
	return raw
}

func newJSONParts(c *Call, raw []bool, ctx *EvalContext, args []Vector) jsonParts {
	p := jsonParts{raw: raw}
	for k, a := range args {
		p.cells = append(p.cells, cellOf(a, c.Args[k].Type, ctx.zone()))
		p.masks = append(p.masks, a.stride())
	}
	return p
}

func (p jsonParts) null(k, i int) bool { return (Vector{Array: p.cells[k].Array}).Null(i & p.masks[k]) }

func (p jsonParts) append(dst []byte, k, i int) []byte {
	if p.raw[k] && !p.null(k, i) {
		return columns.AppendCell(dst, p.cells[k], i&p.masks[k])
	}
	return appendJSON(dst, p.cells[k], i&p.masks[k])
}

// bindJSONArray leaves NULLs out unless nulls is set.
func bindJSONArray(nulls bool) binder {
	return func(c *Call) (Kernel, error) {
		raw := rawJSON(c)
		return anyNullText(c, func(ctx *EvalContext, args []Vector) textFn {
			p := newJSONParts(c, raw, ctx, args)
			return func(dst []byte, i int) ([]byte, error) {
				dst = append(dst, '[')
				empty := true
				for k := range p.cells {
					if !nulls && p.null(k, i) {
						continue
					}
					if !empty {
						dst = append(dst, ',')
					}
					empty = false
					dst = p.append(dst, k, i)
				}
				return append(dst, ']'), nil
			}
		}), nil
	}
}

// bindJSONObject leaves NULL values out unless nulls is set.
func bindJSONObject(nulls bool) binder {
	return func(c *Call) (Kernel, error) {
		raw := rawJSON(c)
		return anyNullText(c, func(ctx *EvalContext, args []Vector) textFn {
			p := newJSONParts(c, raw, ctx, args)
			members := make([]jsonMember, 0, len(args)/2)
			return func(dst []byte, i int) ([]byte, error) {
				members = members[:0]
				for k := 0; k < len(p.cells); k += 2 {
					if p.null(k, i) {
						return dst, errs.Userf("a key of %s is NULL", c.Label)
					}
					if !nulls && p.null(k+1, i) {
						continue
					}
					key := string(columns.AppendCell(nil, p.cells[k], i&p.masks[k]))
					members = append(members, jsonMember{key: key, value: p.append(nil, k+1, i)})
				}
				return appendJSONMembers(dst, members), nil
			}
		}), nil
	}
}

// anyNullText makes a kernel whose row function sees all rows and looks after
// NULLs itself.
func anyNullText(c *Call, bind func(ctx *EvalContext, args []Vector) textFn) Kernel {
	var all []Vector
	kernel := textRows(c.Type, func(ctx *EvalContext, _ []Vector) func(dst []byte, i int) ([]byte, error) { return bind(ctx, all) })
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		all = args
		defer func() { all = nil }()
		return kernel(ctx, nil, n)
	}
}
