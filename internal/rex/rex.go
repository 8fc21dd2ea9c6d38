// Package rex holds row expressions: typed scalar expressions over the columns
// of one input, as plain data. The planner builds and rewrites them, physical
// plans store them, operators/expr compiles them into vectorised kernels. The
// package itself knows no function and evaluates nothing.
package rex

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Kind tells an expression's form.
type Kind uint8

// The forms.
const (
	// Input is a column of the input, by Index.
	Input Kind = iota
	// Literal is a constant, in Value.
	Literal
	// Call applies the function Name to Args.
	Call
	// Field takes the ROW field called Name of Args[0].
	Field
	// Cast converts Args[0] to Type and fails on a value that can't convert.
	Cast
	// TryCast converts Args[0] to Type and gives NULL for a value that can't.
	TryCast
	// Case is CASE WHEN Args[0] THEN Args[1] WHEN Args[2] … ELSE Args[last].
	// The number of Args is odd; the ELSE is always present.
	Case
	// Outer is column Index of the relation that is numbered Value.Int, around a
	// sub-query that is being planned. No plan holds one.
	Outer
)

// String gives the form's lower-case name.
func (k Kind) String() string {
	names := [...]string{"input", "literal", "call", "field", "cast", "try_cast", "case", "outer"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Expr is one expression node. It is a value: sharing Args between expressions
// is fine as long as nobody changes them in place.
type Expr struct {
	Kind Kind `msgpack:"k"`
	// Type is the type of the result.
	Type types.Type `msgpack:"t"`
	// Index is the column of an Input.
	Index int `msgpack:"i,omitempty"`
	// Name is the upper-case canonical function name of a Call (operators too:
	// "+", "=", "AND", "IS NULL", "LIKE", …) or the field name of a Field.
	Name string `msgpack:"n,omitempty"`
	Args []Expr `msgpack:"a,omitempty"`
	// Volatile marks a Call that gives another value each time it is made: two of them
	// must not become one.
	Volatile bool `msgpack:"w,omitempty"`
	// Value is the value of a Literal.
	Value Value `msgpack:"v,omitempty"`
	// Span is the SQL text that e was bound from, for errors at run time; the zero
	// Span means none. It is no part of what e is: Equal and Format pass over it.
	Span errs.Span `msgpack:"p,omitempty"`
}

// Value is a constant of a scalar type. Which member holds it follows from the
// type's kind; constants of nested types are calls of constructors.
type Value struct {
	Null bool `msgpack:"z,omitempty"`
	// Int holds BOOLEAN (0 or 1), the integers, DATE (days since the epoch),
	// TIME, TIMESTAMP and TIMESTAMP_LTZ (in types.TimestampUnit of the
	// precision), and intervals (months or milliseconds).
	Int int64 `msgpack:"i,omitempty"`
	// Float holds FLOAT and DOUBLE.
	Float float64 `msgpack:"f,omitempty"`
	// Str holds CHAR and VARCHAR, BINARY and VARBINARY (raw bytes), and DECIMAL
	// as its unscaled value in decimal digits with an optional minus sign.
	Str string `msgpack:"s,omitempty"`
}

// Col refers to column index of type t.
func Col(index int, t types.Type) Expr { return Expr{Kind: Input, Index: index, Type: t} }

// OuterCol refers to column index, of type t, of a relation around.
func OuterCol(relation, index int, t types.Type) Expr {
	return Expr{Kind: Outer, Index: index, Type: t, Value: Value{Int: int64(relation)}}
}

// Lit makes a literal.
func Lit(t types.Type, v Value) Expr { return Expr{Kind: Literal, Type: t, Value: v} }

// NullOf makes a NULL of type t.
func NullOf(t types.Type) Expr {
	return Expr{Kind: Literal, Type: t.WithNullable(true), Value: Value{Null: true}}
}

// Bool makes a BOOLEAN literal.
func Bool(b bool) Expr {
	v := Value{}
	if b {
		v.Int = 1
	}
	return Lit(types.Of(types.Boolean).NotNull(), v)
}

// BigInt makes a BIGINT literal.
func BigInt(i int64) Expr { return Lit(types.Of(types.BigInt).NotNull(), Value{Int: i}) }

// Str makes a STRING literal.
func Str(s string) Expr { return Lit(types.StringType().NotNull(), Value{Str: s}) }

// CallOf makes a call.
func CallOf(name string, t types.Type, args ...Expr) Expr {
	return Expr{Kind: Call, Name: name, Type: t, Args: args}
}

// IsLiteral reports a constant; IsNull reports the constant NULL.
func (e Expr) IsLiteral() bool { return e.Kind == Literal }

// IsNull reports the constant NULL.
func (e Expr) IsNull() bool { return e.Kind == Literal && e.Value.Null }

// HasVolatile reports whether there is a volatile call in e.
func (e Expr) HasVolatile() bool {
	found := false
	e.Walk(func(x Expr) bool {
		found = found || x.Volatile
		return !found
	})
	return found
}

// Equal reports whether e and o are the same expression, types included.
func (e Expr) Equal(o Expr) bool { return equal(&e, &o) }

// equal passes expressions by reference, as they are large; what shares its
// arguments need not be compared further.
func equal(e, o *Expr) bool {
	if e.Kind != o.Kind || e.Index != o.Index || e.Name != o.Name || e.Value != o.Value ||
		len(e.Args) != len(o.Args) || !e.Type.Equal(o.Type) {
		return false
	}
	if unsafe.SliceData(e.Args) == unsafe.SliceData(o.Args) {
		return true
	}
	for i := range e.Args {
		if !equal(&e.Args[i], &o.Args[i]) {
			return false
		}
	}
	return true
}

// same reports, fast, that e and o are one expression: it may say no of equal ones.
func same(e, o *Expr) bool {
	return e.Kind == o.Kind && e.Index == o.Index && e.Name == o.Name && e.Value == o.Value && e.Span == o.Span &&
		len(e.Args) == len(o.Args) && unsafe.SliceData(e.Args) == unsafe.SliceData(o.Args) && e.Type.Equal(o.Type)
}

// Walk calls visit for e and, while it returns true, for its arguments.
func (e Expr) Walk(visit func(Expr) bool) {
	if !visit(e) {
		return
	}
	for _, a := range e.Args {
		a.Walk(visit)
	}
}

// Map rebuilds e bottom-up: f is applied to each node after its arguments.
func (e Expr) Map(f func(Expr) Expr) Expr { return mapped(&e, f) }

func mapped(e *Expr, f func(Expr) Expr) Expr {
	changed := *e
	changed.Args = mapEach(e.Args, func(arg *Expr) Expr { return mapped(arg, f) })
	return f(changed)
}

// MapAll gives what f makes of each expression; exprs itself if that changes none.
func MapAll(exprs []Expr, f func(Expr) Expr) []Expr {
	return mapEach(exprs, func(e *Expr) Expr { return f(*e) })
}

// mapEach copies the list with the first expression that changes: most rewrites change
// little.
func mapEach(exprs []Expr, f func(*Expr) Expr) []Expr {
	out, copied := exprs, false
	for i := range exprs {
		m := f(&exprs[i])
		if !copied && same(&m, &exprs[i]) {
			continue
		}
		if !copied {
			out, copied = slices.Clone(exprs), true
		}
		out[i] = m
	}
	return out
}

// Bare is e without places in a script.
func (e Expr) Bare() Expr {
	return e.Map(func(x Expr) Expr {
		x.Span = errs.Span{}
		return x
	})
}

// Inputs returns the set of columns e reads.
func (e Expr) Inputs() map[int]bool {
	used := map[int]bool{}
	e.Walk(func(x Expr) bool {
		if x.Kind == Input {
			used[x.Index] = true
		}
		return true
	})
	return used
}

// String prints e with columns as $0, $1, …
func (e Expr) String() string { return e.Format(nil) }

// Format prints e with column names where given. The text is for plans and
// messages; it is stable but not parsed back.
func (e Expr) Format(names []string) string {
	var b strings.Builder
	e.format(&b, names)
	return b.String()
}

func (e Expr) format(b *strings.Builder, names []string) {
	switch e.Kind {
	case Input:
		if e.Index < len(names) {
			b.WriteString(names[e.Index])
		} else {
			fmt.Fprintf(b, "$%d", e.Index)
		}
	case Outer:
		fmt.Fprintf(b, "$%d.%d", e.Value.Int, e.Index)
	case Literal:
		b.WriteString(e.Value.Format(e.Type))
	case Field:
		e.Args[0].format(b, names)
		b.WriteString("." + e.Name)
	case Cast, TryCast:
		b.WriteString(strings.ToUpper(e.Kind.String()) + "(")
		e.Args[0].format(b, names)
		b.WriteString(" AS " + e.Type.WithNullable(true).String() + ")")
	case Case:
		e.formatCase(b, names)
	default:
		e.formatCall(b, names)
	}
}

func (e Expr) formatCase(b *strings.Builder, names []string) {
	b.WriteString("CASE")
	for i := 0; i+1 < len(e.Args); i += 2 {
		b.WriteString(" WHEN ")
		e.Args[i].format(b, names)
		b.WriteString(" THEN ")
		e.Args[i+1].format(b, names)
	}
	b.WriteString(" ELSE ")
	e.Args[len(e.Args)-1].format(b, names)
	b.WriteString(" END")
}

// formatCall prints symbols and two-word operators infix or postfix, the rest as
// name(args).
func (e Expr) formatCall(b *strings.Builder, names []string) {
	symbol := e.Name != "" && !isWord(e.Name)
	switch {
	case len(e.Args) == 2 && (symbol && e.Name != "SINGLE VALUE" || e.Name == "AND" || e.Name == "OR" || e.Name == "LIKE"):
		b.WriteString("(")
		e.Args[0].format(b, names)
		b.WriteString(" " + e.Name + " ")
		e.Args[1].format(b, names)
		b.WriteString(")")
	case len(e.Args) == 1 && strings.HasPrefix(e.Name, "IS "):
		e.Args[0].format(b, names)
		b.WriteString(" " + e.Name)
	default:
		writeCall(b, e.Name, e.Args, names)
	}
}

// FormatCall prints name(args), whatever the name is.
func FormatCall(name string, args []Expr, names []string) string {
	var b strings.Builder
	writeCall(&b, name, args, names)
	return b.String()
}

func writeCall(b *strings.Builder, name string, args []Expr, names []string) {
	b.WriteString(name + "(")
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		a.format(b, names)
	}
	b.WriteString(")")
}

func isWord(name string) bool {
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// Format prints a constant of type t.
func (v Value) Format(t types.Type) string {
	if v.Null {
		return "NULL"
	}
	switch {
	case t.Kind == types.Boolean:
		return map[bool]string{true: "TRUE", false: "FALSE"}[v.Int != 0]
	case t.IsApproximate():
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case t.IsString():
		return types.QuoteString(v.Str)
	case t.IsBinary():
		return fmt.Sprintf("x'%x'", v.Str)
	case t.Kind == types.Decimal:
		return FormatDecimal(v.Str, t.Scale)
	case t.IsTemporal() || t.IsInterval():
		return fmt.Sprintf("%d:%s", v.Int, t.WithNullable(true))
	}
	return strconv.FormatInt(v.Int, 10)
}

// FormatDecimal puts the point into an unscaled decimal number.
func FormatDecimal(unscaled string, scale int) string {
	if scale <= 0 {
		return unscaled
	}
	sign := ""
	if strings.HasPrefix(unscaled, "-") {
		sign, unscaled = "-", unscaled[1:]
	}
	if len(unscaled) <= scale {
		unscaled = strings.Repeat("0", scale+1-len(unscaled)) + unscaled
	}
	cut := len(unscaled) - scale
	return sign + unscaled[:cut] + "." + unscaled[cut:]
}
