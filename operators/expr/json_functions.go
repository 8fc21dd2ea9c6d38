package expr

import (
	"bytes"
	"encoding/json"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func jsonFunctions() []Function {
	s := stringParam()
	is := func(name, doc string, test func(text []byte) bool, example string) Function {
		return def("json", name, "string "+name, doc, boolRule(s), toBool(func(args []byteColumn) func(i int) (bool, error) {
			return func(i int) (bool, error) { text := args[0].at(i); return json.Valid(text) && test(text), nil }
		}), Example{example + " " + name, "TRUE"}).costly()
	}
	first := func(text []byte) byte { return trimJSON(text)[0] }
	document := `'{"a": [1, "x", {"b": null}]}'`
	return []Function{
		is("IS JSON", "TRUE if the string is JSON.", func([]byte) bool { return true }, `'[1]'`).alias("IS JSON VALUE"),
		is("IS JSON OBJECT", "TRUE if the string is a JSON object.", func(t []byte) bool { return first(t) == '{' }, `'{}'`),
		is("IS JSON ARRAY", "TRUE if the string is a JSON array.", func(t []byte) bool { return first(t) == '[' }, `'[]'`),
		is("IS JSON SCALAR", "TRUE if the string is a JSON scalar.", func(t []byte) bool { b := first(t); return b != '{' && b != '[' }, `'1'`),
		def("json", "JSON_EXISTS", "JSON_EXISTS(string, path)", "TRUE if the path leads to a value.", boolRule(s, s), bindJSONExists,
			Example{"JSON_EXISTS(" + document + ", '$.a[2].b')", "TRUE"}, Example{"JSON_EXISTS('x', '$')", "FALSE"}).costly(),
		def("json", "JSON_VALUE", "JSON_VALUE(string, path)", "The scalar at the path as text; NULL when there is none.", textRule(s, s).null(),
			bindJSONText(scalarText), Example{"JSON_VALUE(" + document + ", 'lax $.a[1]')", "x"}, Example{"JSON_VALUE(" + document + ", '$.b')", "NULL"}).costly(),
		def("json", "JSON_QUERY", "JSON_QUERY(string, path)", "The object or array at the path as JSON; NULL when there is none.", textRule(s, s).null(),
			bindJSONText(nestedText), Example{"JSON_QUERY(" + document + ", '$.a[2]')", `{"b":null}`}).costly(),
		{Name: "JSON_STRING", Family: "json", Usage: "JSON_STRING(value)", Doc: "The value as JSON; NULL for NULL.", Examples: []Example{{"JSON_STRING(ARRAY[1, 2])", "[1,2]"}},
			Resolve: textRule(anyParam()).to("JSON_STRING"), Bind: bindJSONString},
		{Name: "JSON_ARRAY", Family: "json", Usage: "JSON_ARRAY(value, …)", Doc: "A JSON array of the values; NULLs are left out.",
			Examples: []Example{{"JSON_ARRAY(1, NULL, 'a', JSON_ARRAY(TRUE))", `[1,"a",[true]]`}}, Resolve: resolveJSONParts("JSON_ARRAY", 1), Bind: bindJSONArray},
		{Name: "JSON_OBJECT", Family: "json", Usage: "JSON_OBJECT(KEY string VALUE value, …)", Doc: "A JSON object of keys and values.",
			Examples: []Example{{"JSON_OBJECT('k', 1.5, 'n', NULL)", `{"k":1.5,"n":null}`}}, Resolve: resolveJSONParts("JSON_OBJECT", 2), Bind: bindJSONObject},
		def("json", "JSON_QUOTE", "JSON_QUOTE(string)", "The string as a JSON string, with other than ASCII characters escaped.", textRule(s),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) { return appendQuoted(dst, args[0].text(i), true), nil }
			}), Example{"JSON_QUOTE('a\"é')", `"a\"\u00e9"`}),
		def("json", "JSON_UNQUOTE", "JSON_UNQUOTE(string)", "The value of a JSON string; other text as it is.", textRule(s),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) {
					raw := args[0].at(i)
					if len(raw) < 2 || raw[0] != '"' || !json.Valid(raw) {
						return append(dst, raw...), nil
					}
					return append(dst, jsonText(raw)...), nil
				}
			}), Example{`JSON_UNQUOTE('"a\u00e9"')`, "aé"}),
	}
}

// jsonPaths gives compiled paths, like patterns.
type jsonPaths struct {
	literal *jsonPath
	err     error
	last    string
	cached  *jsonPath
}

func newJSONPaths(c *Call) (*jsonPaths, error) {
	p := &jsonPaths{}
	if c.Args[1].IsLiteral() && !c.Args[1].IsNull() {
		var err error
		if p.literal, err = compileJSONPath(c.Args[1].Value.Str); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *jsonPaths) of(text []byte) (*jsonPath, error) {
	if p.literal != nil {
		return p.literal, nil
	}
	if p.cached == nil && p.err == nil || string(text) != p.last {
		p.last = string(text)
		p.cached, p.err = compileJSONPath(p.last)
	}
	return p.cached, p.err
}

func bindJSONExists(c *Call) (Kernel, error) {
	paths, err := newJSONPaths(c)
	if err != nil {
		return nil, err
	}
	return toBool(func(args []byteColumn) func(i int) (bool, error) {
		return func(i int) (bool, error) {
			p, err := paths.of(args[1].at(i))
			if err != nil {
				return false, err
			}
			text := args[0].at(i)
			return json.Valid(text) && len(p.find(text)) > 0, nil
		}
	})(c)
}

// bindJSONText writes what a path finds; what it doesn't find, and text that is
// not JSON, is NULL.
func bindJSONText(write func(dst []byte, p *jsonPath, found [][]byte) ([]byte, bool)) binder {
	return func(c *Call) (Kernel, error) {
		paths, err := newJSONPaths(c)
		if err != nil {
			return nil, err
		}
		return toText(func(args []byteColumn) textFn {
			return func(dst []byte, i int) ([]byte, error) {
				p, err := paths.of(args[1].at(i))
				if err != nil {
					return dst, err
				}
				text := args[0].at(i)
				if !json.Valid(text) {
					return dst, errNull
				}
				out, ok := write(dst, p, p.find(text))
				if !ok {
					return dst, errNull
				}
				return out, nil
			}
		})(c)
	}
}

func scalarText(dst []byte, p *jsonPath, found [][]byte) ([]byte, bool) {
	if len(found) != 1 || p.many {
		return dst, false
	}
	switch value := found[0]; value[0] {
	case '{', '[', 'n':
		return dst, false
	case '"':
		return append(dst, jsonText(value)...), true
	default:
		return append(dst, value...), true
	}
}

func nestedText(dst []byte, p *jsonPath, found [][]byte) ([]byte, bool) {
	if p.many {
		dst = append(dst, '[')
		for i, value := range found {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = compactJSON(dst, value)
		}
		return append(dst, ']'), true
	}
	if len(found) != 1 || found[0][0] != '{' && found[0][0] != '[' {
		return dst, false
	}
	return compactJSON(dst, found[0]), true
}

func compactJSON(dst, value []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return append(dst, value...)
	}
	return append(dst, b.Bytes()...)
}

func bindJSONString(c *Call) (Kernel, error) {
	t := c.Args[0].Type
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cell, mask := cellOf(args[0], t, ctx.zone()), args[0].stride()
		return func(dst []byte, i int) ([]byte, error) { return appendJSON(dst, cell, i&mask), nil }
	}), nil
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
		raw[i] = a.Kind == rex.Call && (a.Name == "JSON_OBJECT" || a.Name == "JSON_ARRAY")
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
	if p.raw[k] {
		return columns.AppendCell(dst, p.cells[k], i&p.masks[k])
	}
	return appendJSON(dst, p.cells[k], i&p.masks[k])
}

func bindJSONArray(c *Call) (Kernel, error) {
	raw := rawJSON(c)
	return anyNullText(c, func(ctx *EvalContext, args []Vector) textFn {
		p := newJSONParts(c, raw, ctx, args)
		return func(dst []byte, i int) ([]byte, error) {
			dst = append(dst, '[')
			empty := true
			for k := range p.cells {
				if p.null(k, i) {
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

func bindJSONObject(c *Call) (Kernel, error) {
	raw := rawJSON(c)
	return anyNullText(c, func(ctx *EvalContext, args []Vector) textFn {
		p := newJSONParts(c, raw, ctx, args)
		return func(dst []byte, i int) ([]byte, error) {
			dst = append(dst, '{')
			for k := 0; k < len(p.cells); k += 2 {
				if p.null(k, i) {
					return dst, errs.Userf("a key of %s is NULL", c.Label)
				}
				if k > 0 {
					dst = append(dst, ',')
				}
				dst = append(p.append(dst, k, i), ':')
				dst = p.append(dst, k+1, i)
			}
			return append(dst, '}'), nil
		}
	}), nil
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
