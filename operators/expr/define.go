package expr

import "github.com/thalweg/thalweg/internal/types"

// textFn is a row function from texts to a text, appended to dst.
type textFn = func(dst []byte, i int) ([]byte, error)

// binder makes a kernel; most functions need nothing of the call.
type binder = func(c *Call) (Kernel, error)

// def makes a function whose type rule is r.
func def(family, name, usage, doc string, r rule, bind binder, examples ...Example) Function {
	return Function{Name: name, Family: family, Usage: usage, Doc: doc, Examples: examples, Resolve: r.to(name), Bind: bind}
}

// alias gives f other names.
func (f Function) alias(names ...string) Function {
	f.Aliases = names
	return f
}

// fallible marks f as failing on some data; costly as worth avoiding.
func (f Function) fallible() Function {
	f.Fallible = true
	return f
}

func (f Function) costly() Function {
	f.Costly = true
	return f
}

// text makes the rule of a function from params to STRING.
func textRule(params ...param) rule {
	return rule{params: params, result: always(types.StringType())}
}

func intRule(params ...param) rule {
	return rule{params: params, result: always(types.Of(types.Int))}
}

func boolRule(params ...param) rule {
	return rule{params: params, result: always(types.Of(types.Boolean))}
}

// opt makes the last n params optional, null says that the result may be NULL.
func (r rule) opt(n int) rule {
	r.optional = n
	return r
}

func (r rule) null() rule {
	r.mayNull = true
	return r
}

func (r rule) repeat() rule {
	r.variadic = true
	return r
}

// toText binds a row function over text columns to a text result.
func toText(f func(args []byteColumn) textFn) binder {
	return func(c *Call) (Kernel, error) {
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			return f(byteColumns(args))
		}), nil
	}
}

// toBool binds a row function over text columns to a BOOLEAN result.
func toBool(f func(args []byteColumn) func(i int) (bool, error)) binder {
	return func(*Call) (Kernel, error) {
		return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) { return f(byteColumns(args)) }), nil
	}
}

// toInt binds a row function over text columns to an INT result.
func toInt(f func(args []byteColumn) func(i int) (int32, error)) binder {
	return func(c *Call) (Kernel, error) {
		return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) { return f(byteColumns(args)) }), nil
	}
}

// byteColumns reads the text and binary vectors among args; the others stay
// empty.
func byteColumns(args []Vector) []byteColumn {
	cols := make([]byteColumn, len(args))
	for i, a := range args {
		if physOf(typeOf(a)) == physBytes {
			cols[i] = bytesOf(a)
		}
	}
	return cols
}
