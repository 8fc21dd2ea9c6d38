package expr

import (
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/govalue"
)

// GoType are the types that arguments and results of Go functions may have; see
// [govalue.Type].
type GoType interface{ govalue.Type }

// GoFunc1 makes a SQL function of a Go function of one argument. NULL gives NULL
// without a call. The function must be pure: equal arguments, equal results.
func GoFunc1[A, R GoType](name string, f func(A) R) Function {
	return goFunction[R](name, []types.Type{govalue.SQL[A]()}, func(args []Vector) func(i int) (R, error) {
		a := goColumn[A](args[0])
		return func(i int) (R, error) { return f(a(i)), nil }
	})
}

// GoFunc2 is GoFunc1 for two arguments.
func GoFunc2[A, B, R GoType](name string, f func(A, B) R) Function {
	return goFunction[R](name, []types.Type{govalue.SQL[A](), govalue.SQL[B]()}, func(args []Vector) func(i int) (R, error) {
		a, b := goColumn[A](args[0]), goColumn[B](args[1])
		return func(i int) (R, error) { return f(a(i), b(i)), nil }
	})
}

// GoFunc3 is GoFunc1 for three arguments.
func GoFunc3[A, B, C, R GoType](name string, f func(A, B, C) R) Function {
	return goFunction[R](name, []types.Type{govalue.SQL[A](), govalue.SQL[B](), govalue.SQL[C]()}, func(args []Vector) func(i int) (R, error) {
		a, b, c := goColumn[A](args[0]), goColumn[B](args[1]), goColumn[C](args[2])
		return func(i int) (R, error) { return f(a(i), b(i), c(i)), nil }
	})
}

// RegisterGo registers a Go function as the SQL function name. Its arguments and
// its result are of the types of [GoType]; it may return an error besides, which
// fails the job as a mistake in the data. Frequent shapes are called directly;
// others by reflection, which costs some allocations a row: use [GoFunc1],
// [GoFunc2] or [GoFunc3] for those.
func (r *Registry) RegisterGo(name string, fn any) error {
	switch f := fn.(type) {
	case func(string) string:
		return r.Register(GoFunc1(name, f))
	case func(string) int64:
		return r.Register(GoFunc1(name, f))
	case func(string) bool:
		return r.Register(GoFunc1(name, f))
	case func(string) float64:
		return r.Register(GoFunc1(name, f))
	case func(int64) int64:
		return r.Register(GoFunc1(name, f))
	case func(int64) string:
		return r.Register(GoFunc1(name, f))
	case func(int64) bool:
		return r.Register(GoFunc1(name, f))
	case func(float64) float64:
		return r.Register(GoFunc1(name, f))
	case func(string, string) int64:
		return r.Register(GoFunc2(name, f))
	case func(string, string) string:
		return r.Register(GoFunc2(name, f))
	case func(string, string) bool:
		return r.Register(GoFunc2(name, f))
	case func(string, int64) string:
		return r.Register(GoFunc2(name, f))
	case func(int64, int64) int64:
		return r.Register(GoFunc2(name, f))
	case func(float64, float64) float64:
		return r.Register(GoFunc2(name, f))
	}
	return r.registerReflected(name, fn)
}

// goFunction makes the entry of a Go function with result type R.
func goFunction[R GoType](name string, params []types.Type, bind func(args []Vector) func(i int) (R, error)) Function {
	result := govalue.SQL[R]()
	return goEntry(name, params, result, func(c *Call) (Kernel, error) { return goKernel(c.Type, bind), nil })
}

// goEntry is the entry of a function in Go, which gives NULL for NULL alone.
func goEntry(name string, params []types.Type, result types.Type, bind binder) Function {
	f := userEntry(name, params, rule{result: always(result)}, bind)
	f.Doc = "A function registered from Go."
	return f
}

// UserScalar is the entry of a user's scalar function, which may give NULL.
func UserScalar(name string, params []types.Type, result types.Type, bind func(c *Call) (Kernel, error)) Function {
	return userEntry(name, params, rule{result: always(result), mayNull: true}, bind)
}

func userEntry(name string, params []types.Type, r rule, bind binder) Function {
	for _, t := range params {
		r.params = append(r.params, goParam(t))
	}
	name = strings.ToUpper(name)
	return Function{Name: name, Family: "user", Usage: usage(name, params), Doc: "A function of a user.", Fallible: true, Costly: true,
		Resolve: r.to(name), Bind: bind}
}

// usage is the signature of a function as text.
func usage(name string, params []types.Type) string {
	texts := make([]string, len(params))
	for i, t := range params {
		texts[i] = t.String()
	}
	return name + "(" + strings.Join(texts, ", ") + ")"
}

// goParam casts implicitly within numbers, to strings, and within kinds of time.
func goParam(t types.Type) param {
	switch {
	case t.IsString():
		return stringParam()
	case t.IsNumeric():
		return param{t.String(), func(from types.Type) (types.Type, bool) {
			return t, from.Kind == types.Null || isNumberOrText(from)
		}}
	case t.IsNested():
		return takes(t.String(), t, func(from types.Type) bool { return interchangeable(from, t) })
	}
	return param{t.String(), func(from types.Type) (types.Type, bool) {
		return t, from.Kind == types.Null || from.Kind == t.Kind || t.IsBinary() && from.IsBinary()
	}}
}

// goColumn reads a vector as Go values.
func goColumn[T GoType](v Vector) func(i int) T {
	var column any
	switch any(*new(T)).(type) {
	case bool:
		arr, mask := v.Array.(*array.Boolean), v.stride()
		column = func(i int) bool { return arr.Value(i & mask) }
	case int32:
		column = fixedOf[int32](v).at
	case int64:
		column = fixedOf[int64](v).at
	case float32:
		column = fixedOf[float32](v).at
	case float64:
		column = fixedOf[float64](v).at
	case string:
		column = bytesOf(v).text
	case []byte:
		column = bytesOf(v).at
	}
	return column.(func(i int) T)
}

// goKernel picks the row kernel for a result type.
func goKernel[R GoType](t types.Type, bind func(args []Vector) func(i int) (R, error)) Kernel {
	var kernel Kernel
	switch bind := any(bind).(type) {
	case func(args []Vector) func(i int) (bool, error):
		kernel = boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) { return bind(args) })
	case func(args []Vector) func(i int) (string, error):
		kernel = textRows(t, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			return appendResult(bind(args))
		})
	case func(args []Vector) func(i int) ([]byte, error):
		kernel = textRows(t, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			return appendResult(bind(args))
		})
	default:
		kernel = fixedRows(t, func(_ *EvalContext, args []Vector) func(i int) (R, error) {
			return any(bind).(func(args []Vector) func(i int) (R, error))(args)
		})
	}
	return kernel
}

func appendResult[T string | []byte](row func(i int) (T, error)) func(dst []byte, i int) ([]byte, error) {
	return func(dst []byte, i int) ([]byte, error) {
		v, err := row(i)
		return append(dst, v...), err
	}
}

// registerReflected registers a function of any shape.
func (r *Registry) registerReflected(name string, fn any) error {
	f := reflect.ValueOf(fn)
	if f.Kind() != reflect.Func || f.Type().IsVariadic() || f.Type().NumOut() < 1 || f.Type().NumOut() > 2 ||
		f.Type().NumOut() == 2 && f.Type().Out(1) != reflect.TypeFor[error]() {
		return errs.Userf("function %s must be a Go function with one result, or a result and an error, not %T", name, fn)
	}
	result, ok := govalue.SQLOf(f.Type().Out(0))
	params := make([]types.Type, f.Type().NumIn())
	for i := range params {
		var known bool
		params[i], known = govalue.SQLOf(f.Type().In(i))
		ok = ok && known
	}
	if !ok {
		return errs.Userf("function %s is a %T; arguments and result may be bool, int32, int64, float32, float64, string and []byte", name, fn)
	}
	return r.Register(goEntry(name, params, result, func(c *Call) (Kernel, error) { return reflectedKernel(c, f), nil }))
}

func reflectedKernel(c *Call, f reflect.Value) Kernel {
	label := c.Label
	switch c.Type.Kind {
	case types.Boolean:
		return goKernel(c.Type, reflectedRows[bool](f, label))
	case types.Int:
		return goKernel(c.Type, reflectedRows[int32](f, label))
	case types.BigInt:
		return goKernel(c.Type, reflectedRows[int64](f, label))
	case types.Float:
		return goKernel(c.Type, reflectedRows[float32](f, label))
	case types.Double:
		return goKernel(c.Type, reflectedRows[float64](f, label))
	case types.Varchar:
		return goKernel(c.Type, reflectedRows[string](f, label))
	}
	return goKernel(c.Type, reflectedRows[[]byte](f, label))
}

// reflectedRows calls f row by row with an argument list made once a batch.
func reflectedRows[R GoType](f reflect.Value, label string) func(args []Vector) func(i int) (R, error) {
	return func(args []Vector) func(i int) (R, error) {
		in := make([]reflect.Value, len(args))
		get := make([]func(i int) reflect.Value, len(args))
		for k, a := range args {
			get[k] = reflectedColumn(a)
		}
		return func(i int) (R, error) {
			for k := range in {
				in[k] = get[k](i)
			}
			out := f.Call(in)
			if len(out) == 2 && !out[1].IsNil() {
				return *new(R), errs.Wrap(errs.User, out[1].Interface().(error), "%s", label)
			}
			return out[0].Interface().(R), nil
		}
	}
}

func reflectedColumn(v Vector) func(i int) reflect.Value {
	switch v.Array.DataType().ID() {
	case arrow.BOOL:
		return valueOf(goColumn[bool](v))
	case arrow.INT32:
		return valueOf(goColumn[int32](v))
	case arrow.INT64:
		return valueOf(goColumn[int64](v))
	case arrow.FLOAT32:
		return valueOf(goColumn[float32](v))
	case arrow.FLOAT64:
		return valueOf(goColumn[float64](v))
	case arrow.STRING:
		return valueOf(goColumn[string](v))
	}
	return valueOf(goColumn[[]byte](v))
}

func valueOf[T GoType](at func(i int) T) func(i int) reflect.Value {
	return func(i int) reflect.Value { return reflect.ValueOf(at(i)) }
}
