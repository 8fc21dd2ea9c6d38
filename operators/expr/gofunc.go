package expr

import (
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// GoType are the types that arguments and results of Go functions may have. They
// stand for BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, STRING and BYTES. Strings and
// bytes handed to a function share the batch's memory: it must not keep or change
// them.
type GoType interface {
	bool | int32 | int64 | float32 | float64 | string | []byte
}

// GoFunc1 makes a SQL function of a Go function of one argument. NULL gives NULL
// without a call. The function must be pure: equal arguments, equal results.
func GoFunc1[A, R GoType](name string, f func(A) R) Function {
	return goFunction[R](name, []types.Type{goType[A]()}, func(args []Vector) func(i int) (R, error) {
		a := goColumn[A](args[0])
		return func(i int) (R, error) { return f(a(i)), nil }
	})
}

// GoFunc2 is GoFunc1 for two arguments.
func GoFunc2[A, B, R GoType](name string, f func(A, B) R) Function {
	return goFunction[R](name, []types.Type{goType[A](), goType[B]()}, func(args []Vector) func(i int) (R, error) {
		a, b := goColumn[A](args[0]), goColumn[B](args[1])
		return func(i int) (R, error) { return f(a(i), b(i)), nil }
	})
}

// GoFunc3 is GoFunc1 for three arguments.
func GoFunc3[A, B, C, R GoType](name string, f func(A, B, C) R) Function {
	return goFunction[R](name, []types.Type{goType[A](), goType[B](), goType[C]()}, func(args []Vector) func(i int) (R, error) {
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
	result := goType[R]()
	return goEntry(name, params, result, func(c *Call) (Kernel, error) { return goKernel(c.Type, bind), nil })
}

// goEntry is the entry of a user function.
func goEntry(name string, params []types.Type, result types.Type, bind binder) Function {
	formal := make([]param, len(params))
	texts := make([]string, len(params))
	for i, t := range params {
		texts[i] = t.String()
		formal[i] = goParam(t)
	}
	return Function{Name: name, Family: "user", Usage: strings.ToUpper(name) + "(" + strings.Join(texts, ", ") + ")",
		Doc: "A function registered from Go.", Fallible: true, Costly: true,
		Resolve: rule{params: formal, result: always(result)}.to(strings.ToUpper(name)), Bind: bind}
}

// goParam casts implicitly within numbers and to strings.
func goParam(t types.Type) param {
	switch {
	case t.IsString():
		return stringParam()
	case t.IsNumeric():
		return param{t.String(), func(from types.Type) (types.Type, bool) {
			return t, from.Kind == types.Null || isNumberOrText(from)
		}}
	}
	return takes(t.String(), t, func(from types.Type) bool { return from.Kind == t.Kind || t.IsBinary() && from.IsBinary() })
}

// goType is the SQL type of a Go type.
func goType[T GoType]() types.Type {
	var zero T
	t, _ := goTypeOf(reflect.TypeOf(zero))
	return t
}

func goTypeOf(t reflect.Type) (types.Type, bool) {
	switch t {
	case reflect.TypeFor[bool]():
		return types.Of(types.Boolean), true
	case reflect.TypeFor[int32]():
		return types.Of(types.Int), true
	case reflect.TypeFor[int64]():
		return types.Of(types.BigInt), true
	case reflect.TypeFor[float32]():
		return types.Of(types.Float), true
	case reflect.TypeFor[float64]():
		return types.Of(types.Double), true
	case reflect.TypeFor[string]():
		return types.StringType(), true
	case reflect.TypeFor[[]byte]():
		return types.BytesType(), true
	}
	return types.Type{}, false
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
	result, ok := goTypeOf(f.Type().Out(0))
	params := make([]types.Type, f.Type().NumIn())
	for i := range params {
		var known bool
		params[i], known = goTypeOf(f.Type().In(i))
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
