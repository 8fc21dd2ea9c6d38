package expr

import (
	"encoding/json"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// The clauses of a query function are arguments that the binder adds: texts such
// as `ERROR` for what to do ON EMPTY and ON ERROR, and typed defaults, which carry
// the type of RETURNING.

func jsonQueryFunctions() []Function {
	s := stringParam()
	document := `'{"a": [1, "x", {"b": null}]}'`
	exists := def("json", "JSON_EXISTS", "JSON_EXISTS(string, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])",
		"TRUE if the path leads to a value that is not null. FALSE when the path fails, as a strict path (the default) does that leads nowhere.",
		rule{}, bindJSONExists,
		Example{"JSON_EXISTS(" + document + ", '$.a[2]')", "TRUE"}, Example{"JSON_EXISTS('x', '$')", "FALSE"}).costly().fallible()
	exists.Resolve = checkedPath(boolRule(s, s, s).opt(1).null().to("JSON_EXISTS"))
	value := Function{Name: "JSON_VALUE", Family: "json",
		Usage: "JSON_VALUE(string, path [RETURNING type] [{NULL | ERROR | DEFAULT value} ON EMPTY] [{NULL | ERROR | DEFAULT value} ON ERROR])",
		Doc:   "The scalar at the path as text, or as BOOLEAN or a number; NULL when there is none.",
		Examples: []Example{{"JSON_VALUE(" + document + ", 'lax $.a[1]')", "x"}, {"JSON_VALUE(" + document + ", '$.b')", "NULL"},
			{"JSON_VALUE(" + document + ", '$.a[0]' RETURNING INT) + 1", "2"}, {"JSON_VALUE('{}', 'lax $.n' DEFAULT 'none' ON EMPTY)", "none"}},
		Resolve: checkedPath(resolveJSONValue), Bind: bindJSONValue, Costly: true, Fallible: true}
	query := Function{Name: "JSON_QUERY", Family: "json",
		Usage: "JSON_QUERY(string, path [RETURNING ARRAY<type>] [{WITHOUT | WITH [CONDITIONAL | UNCONDITIONAL]} [ARRAY] WRAPPER] " +
			"[{NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR} ON EMPTY] [… ON ERROR])",
		Doc: "The object or array at the path as JSON, members in the order of their keys; NULL when there is none. A wrapper makes an array of what is found.",
		Examples: []Example{{"JSON_QUERY(" + document + ", '$.a[2]')", `{"b":null}`},
			{"JSON_QUERY(" + document + ", '$.a[1]' WITH WRAPPER)", `["x"]`}, {"JSON_QUERY('[]', 'lax $.k' EMPTY ARRAY ON EMPTY)", "[]"}},
		Resolve: checkedPath(resolveJSONQuery), Bind: bindJSONQuery, Costly: true, Fallible: true}
	return []Function{exists, value, query}
}

// checkedPath is a type rule that refuses constant paths that are none.
func checkedPath(resolve resolver) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		out, err := resolve(args)
		if err == nil && args[1].IsLiteral() && !args[1].IsNull() {
			_, err = compileJSONPath(args[1].Value.Str)
		}
		return out, err
	}
}

// jsonPaths looks compiled paths up in texts.
type jsonPaths struct {
	*compiled[jsonPath]
	found [][]byte // of the last lookup
}

func newJSONPaths(c *Call) (*jsonPaths, error) {
	p, err := newCompiled(c, 1, compileJSONPath)
	return &jsonPaths{compiled: p}, err
}

// jsonLookup is what a path came to in a text.
type jsonLookup struct {
	path *jsonPath
	// found are the values; none for nothing or null.
	found [][]byte
	// fault says why a strict path failed.
	fault string
}

// empty reports that nothing is there. A path that may select many values always
// selects a list of them.
func (l *jsonLookup) empty() bool {
	return !l.path.many && (len(l.found) == 0 || l.found[0][0] == 'n')
}

// scalar reports that one value is there that is neither object nor array.
func (l *jsonLookup) scalar() bool {
	return !l.path.many && len(l.found) == 1 && l.found[0][0] != '{' && l.found[0][0] != '['
}

func (p *jsonPaths) lookup(text []byte, path string) (jsonLookup, error) {
	compiled, err := p.of(path)
	if err != nil {
		if errs.ClassOf(err) == errs.User {
			return jsonLookup{path: &jsonPath{}, fault: err.Error()}, nil
		}
		return jsonLookup{}, err
	}
	l := jsonLookup{path: compiled}
	if !json.Valid(text) {
		if !compiled.lax {
			l.fault = "the text is not JSON"
		} else if compiled.many {
			l.path = &jsonPath{lax: true} // no document, so no list
		}
		return l, nil
	}
	var fault jsonFault
	p.found, fault = compiled.find(p.found[:0], text)
	switch {
	case fault == pathTooMuch:
		l.fault = "the path selects or makes too much"
	case fault == pathNowhere && !compiled.lax:
		l.fault = "the path leads nowhere"
	}
	l.found = p.found
	return l, nil
}

// Behaviours ON EMPTY and ON ERROR.
const (
	jsonNull        = "NULL"
	jsonError       = "ERROR"
	jsonDefault     = "DEFAULT"
	jsonTrue        = "TRUE"
	jsonUnknown     = "UNKNOWN"
	jsonEmptyArray  = "EMPTY ARRAY"
	jsonEmptyObject = "EMPTY OBJECT"
)

// clause is argument i of a call, a text, or otherwise.
func clause(c *Call, i int, otherwise string) string {
	if i < len(c.Args) {
		return c.Args[i].Value.Str
	}
	return otherwise
}

// overPath makes a kernel whose rows are NULL where the text or the path is; the
// further arguments are given to bind too.
func overPath(kernel func(bind func() []Vector) Kernel) Kernel {
	var all []Vector
	inner := kernel(func() []Vector { return all })
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		all = args
		defer func() { all = nil }()
		return inner(ctx, args[:2], n)
	}
}

func bindJSONExists(c *Call) (Kernel, error) {
	paths, err := newJSONPaths(c)
	if err != nil {
		return nil, err
	}
	onError := clause(c, 2, "FALSE")
	c.Safe = onError != jsonError && paths.literal != nil
	return overPath(func(func() []Vector) Kernel {
		return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
			cols := byteColumns(args)
			return func(i int) (bool, error) {
				l, err := paths.lookup(cols[0].at(i), cols[1].text(i))
				switch {
				case err != nil:
					return false, err
				case l.fault == "":
					return !l.empty(), nil
				case onError == jsonError:
					return false, errs.Userf("%s: %s", c.Label, l.fault)
				case onError == jsonUnknown:
					return false, errNull
				}
				return onError == jsonTrue, nil
			}
		})
	}), nil
}

// resolveJSONValue types JSON_VALUE(text, path) and JSON_VALUE(text, path, onEmpty,
// default, onError, default).
func resolveJSONValue(args []rex.Expr) (rex.Resolved, error) {
	out, err := rule{params: repeatParam(stringParam(), 2), result: always(types.StringType()), mayNull: true}.to("JSON_VALUE")(args[:min(2, len(args))])
	if err != nil || len(args) == 2 {
		return out, err
	}
	if len(args) != 6 {
		return out, errs.Userf("JSON_VALUE takes a text and a path, then clauses without a comma")
	}
	if t := args[3].Type; !isJSONScalar(t) {
		return out, errs.Userf("JSON_VALUE returns STRING, BOOLEAN or a number, not %s", t.WithNullable(true)).WithHint("CAST the result")
	}
	out.Result = args[3].Type.WithNullable(true)
	for _, a := range args[2:] {
		out.Args = append(out.Args, a.Type)
	}
	return out, nil
}

// jsonValue is a bound JSON_VALUE.
type jsonValue struct {
	call             *Call
	paths            *jsonPaths
	onEmpty, onError string
}

// none stands for "no value" among jsonValue's outcomes: the default to take, or
// a NULL or an error.
type none struct {
	err      error
	argument int
}

// at gives the raw scalar of a row, or why there is none.
func (v *jsonValue) at(text []byte, path string) (raw []byte, absent *none) {
	l, err := v.paths.lookup(text, path)
	switch {
	case err != nil:
		return nil, &none{err: err}
	case l.fault != "":
		return nil, v.fault(l.fault)
	case l.empty() || l.path.lax && !l.scalar():
		return nil, v.behave(v.onEmpty, 3, "there is no value")
	case !l.scalar():
		return nil, v.fault("the value is no scalar")
	}
	return l.found[0], nil
}

func (v *jsonValue) fault(reason string) *none { return v.behave(v.onError, 5, reason) }

func (v *jsonValue) behave(kind string, argument int, reason string) *none {
	switch kind {
	case jsonError:
		return &none{err: errs.Userf("%s: %s", v.call.Label, reason)}
	case jsonDefault:
		return &none{argument: argument}
	}
	return &none{err: errNull}
}

func bindJSONValue(c *Call) (Kernel, error) {
	paths, err := newJSONPaths(c)
	if err != nil {
		return nil, err
	}
	v := &jsonValue{call: c, paths: paths, onEmpty: clause(c, 2, jsonNull), onError: clause(c, 4, jsonNull)}
	c.Safe = v.onEmpty != jsonError && v.onError != jsonError && paths.literal != nil
	switch c.Type.Kind {
	case types.Boolean:
		return overPath(func(all func() []Vector) Kernel {
			return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
				return jsonScalarRow(v, args, all(), jsonBool, func(a Vector, i int) bool { return a.Array.(*array.Boolean).Value(i) })
			})
		}), nil
	case types.TinyInt:
		return jsonFixed(v, jsonWhole[int8]), nil
	case types.SmallInt:
		return jsonFixed(v, jsonWhole[int16]), nil
	case types.Int:
		return jsonFixed(v, jsonWhole[int32]), nil
	case types.BigInt:
		return jsonFixed(v, jsonWhole[int64]), nil
	case types.Float:
		return jsonFixed(v, jsonFloat), nil
	case types.Double:
		return jsonFixed(v, jsonDouble), nil
	case types.Decimal:
		return jsonFixed(v, jsonDecimalOf(c.Type)), nil
	}
	return overPath(func(all func() []Vector) Kernel { return jsonTextRows(v, all) }), nil
}

// isJSONScalar tells the types that a scalar can be returned as.
func isJSONScalar(t types.Type) bool { return t.IsString() || t.IsNumeric() || t.Kind == types.Boolean }

// jsonNumber is the text of a number, or of a string that may say one.
func jsonNumber(raw []byte) string {
	if raw[0] == '"' {
		return jsonText(raw)
	}
	return string(raw)
}

// jsonWhole converts a number to an integer as MySQL does: without its fraction.
func jsonWhole[T integer](raw []byte) (T, bool) {
	text := jsonNumber(raw)
	n, ok := parseInt(text)
	if !ok {
		f, isNumber := parseFloat(text, 64)
		n, ok = int64(f), isNumber && f >= -1<<63 && f < 1<<63
	}
	return T(n), ok && int64(T(n)) == n
}

func jsonFloat(raw []byte) (float32, bool) {
	f, ok := parseFloat(jsonNumber(raw), 32)
	return float32(f), ok
}

func jsonDouble(raw []byte) (float64, bool) { return parseFloat(jsonNumber(raw), 64) }

func jsonDecimalOf(t types.Type) func(raw []byte) (decimal.Num, bool) {
	return func(raw []byte) (decimal.Num, bool) {
		n, valid, fits := decimal.Parse(jsonNumber(raw), t.Precision, t.Scale)
		return n, valid && fits
	}
}

func jsonBool(raw []byte) (value, ok bool) { return raw[0] == 't', raw[0] == 't' || raw[0] == 'f' }

func jsonFixed[R any](v *jsonValue, convert func(raw []byte) (R, bool)) Kernel {
	return overPath(func(all func() []Vector) Kernel {
		return fixedRows(v.call.Type, func(_ *EvalContext, args []Vector) func(i int) (R, error) {
			return jsonScalarRow(v, args, all(), convert, func(a Vector, i int) R { return values[R](a)[i] })
		})
	})
}

// jsonScalarRow makes the row function of a RETURNING that is no text.
func jsonScalarRow[R any](v *jsonValue, args, all []Vector, convert func(raw []byte) (R, bool), pick func(a Vector, i int) R) func(i int) (R, error) {
	cols := byteColumns(args)
	return func(i int) (R, error) {
		raw, absent := v.at(cols[0].at(i), cols[1].text(i))
		var value R
		if absent == nil {
			var ok bool
			if value, ok = convert(raw); ok {
				return value, nil
			}
			absent = v.fault("the value is no " + v.call.Type.WithNullable(true).String())
		}
		if absent.err != nil {
			return value, absent.err
		}
		given := all[absent.argument]
		if given.Null(i) {
			return value, errNull
		}
		return pick(given, i&given.stride()), nil
	}
}

func jsonTextRows(v *jsonValue, all func() []Vector) Kernel {
	return textRows(v.call.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cols := byteColumns(args)
		return func(dst []byte, i int) ([]byte, error) {
			raw, absent := v.at(cols[0].at(i), cols[1].text(i))
			switch {
			case absent == nil && raw[0] == '"':
				return append(dst, jsonText(raw)...), nil
			case absent == nil:
				return append(dst, raw...), nil
			case absent.err != nil:
				return dst, absent.err
			}
			given := all()[absent.argument]
			if given.Null(i) {
				return dst, errNull
			}
			return append(dst, bytesOf(given).at(i)...), nil
		}
	})
}

// resolveJSONQuery types JSON_QUERY(text, path) and JSON_QUERY(text, path, wrapper,
// onEmpty, onError, NULL of the type).
func resolveJSONQuery(args []rex.Expr) (rex.Resolved, error) {
	out, err := rule{params: repeatParam(stringParam(), 2), result: always(types.StringType()), mayNull: true}.to("JSON_QUERY")(args[:min(2, len(args))])
	if err != nil || len(args) == 2 {
		return out, err
	}
	if len(args) != 6 {
		return out, errs.Userf("JSON_QUERY takes a text and a path, then clauses without a comma")
	}
	t := args[5].Type
	if !t.IsString() && (t.Kind != types.Array || !isJSONScalar(*t.Elem)) {
		return out, errs.Userf("JSON_QUERY returns STRING or an ARRAY of STRING, BOOLEAN or a number, not %s", t.WithNullable(true))
	}
	for _, a := range args[3:5] {
		if a.Value.Str == jsonEmptyObject && t.Kind == types.Array {
			return out, errs.Userf("EMPTY OBJECT is no %s", t.WithNullable(true))
		}
	}
	out.Result = t.WithNullable(true)
	for _, a := range args[2:] {
		out.Args = append(out.Args, a.Type)
	}
	return out, nil
}

// jsonQuery is a bound JSON_QUERY.
type jsonQuery struct {
	call                      *Call
	paths                     *jsonPaths
	wrapper, onEmpty, onError string
}

func bindJSONQuery(c *Call) (Kernel, error) {
	paths, err := newJSONPaths(c)
	if err != nil {
		return nil, err
	}
	q := &jsonQuery{call: c, paths: paths, wrapper: clause(c, 2, ""), onEmpty: clause(c, 3, jsonNull), onError: clause(c, 4, jsonNull)}
	c.Safe = q.onEmpty != jsonError && q.onError != jsonError && paths.literal != nil
	if c.Type.Kind == types.Array {
		return overPath(func(func() []Vector) Kernel { return q.lists() }), nil
	}
	return overPath(func(func() []Vector) Kernel {
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			cols := byteColumns(args)
			return func(dst []byte, i int) ([]byte, error) {
				found, list, err := q.at(cols[0].at(i), cols[1].text(i))
				switch {
				case err != nil:
					return dst, err
				case list:
					return appendJSONList(dst, found), nil
				}
				return appendSortedJSON(dst, found[0]), nil
			}
		})
	}), nil
}

var (
	emptyJSONObject = []byte("{}")
	emptyJSONArray  = []byte("[]")
)

// at gives the values of a row's result: those of a list, or one that is an object
// or an array.
func (q *jsonQuery) at(text []byte, path string) (found [][]byte, list bool, err error) {
	l, err := q.paths.lookup(text, path)
	switch {
	case err != nil:
		return nil, false, err
	case l.fault != "":
		return q.behave(q.onError, l.fault)
	case l.empty():
		return q.behave(q.onEmpty, "there is no value")
	}
	isArray := l.path.many || l.found[0][0] == '['
	switch {
	case q.wrapper == "WITH UNCONDITIONAL WRAPPER" && l.path.many:
		return [][]byte{appendJSONList(nil, l.found)}, true, nil
	case q.wrapper == "WITH UNCONDITIONAL WRAPPER", q.wrapper == "WITH CONDITIONAL WRAPPER" && !isArray:
		return l.found, true, nil
	case l.scalar() && l.path.lax:
		return q.behave(q.onEmpty, "the value is a scalar")
	case l.scalar():
		return q.behave(q.onError, "the value is a scalar")
	}
	return l.found, l.path.many, nil
}

func (q *jsonQuery) behave(kind, reason string) ([][]byte, bool, error) {
	switch kind {
	case jsonError:
		return nil, false, errs.Userf("%s: %s", q.call.Label, reason)
	case jsonEmptyArray:
		return [][]byte{emptyJSONArray}, false, nil
	case jsonEmptyObject:
		return [][]byte{emptyJSONObject}, false, nil
	}
	return nil, false, errNull
}
