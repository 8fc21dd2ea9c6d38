// Package types is Thalweg's type system: Flink SQL's logical types as plain
// data, their text form, and their fixed mapping to Arrow. It knows nothing of
// streams, queries or functions, so every room shares it.
package types

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is the family of a type.
type Kind uint8

// The kinds, in Flink's names.
const (
	Null Kind = iota // the type of a bare NULL literal
	Boolean
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	Char
	Varchar // STRING is VARCHAR with MaxLength
	Binary
	Varbinary // BYTES is VARBINARY with MaxLength
	Date
	Time
	Timestamp
	TimestampLTZ
	IntervalYearMonth // whole months
	IntervalDayTime   // whole milliseconds
	Array
	Map
	Multiset
	Row
)

// MaxLength is the length of STRING and BYTES.
const MaxLength = 1<<31 - 1

// MaxDecimalPrecision is the greatest precision of DECIMAL.
const MaxDecimalPrecision = 38

// Type is a SQL type: plain data, compared with [Type.Equal]. The zero Type is a
// NULL-kinded NOT NULL type and stands for "unknown" in contexts that say so.
type Type struct {
	Kind Kind `msgpack:"k"`
	// Nullable is true unless the type was declared NOT NULL.
	Nullable bool `msgpack:"n,omitempty"`
	// Precision is DECIMAL's total digits, or the fractional-second digits (0 to
	// 9) of TIME, TIMESTAMP and TIMESTAMP_LTZ.
	Precision int `msgpack:"p,omitempty"`
	// Scale is DECIMAL's digits after the point.
	Scale int `msgpack:"s,omitempty"`
	// Length is the length of CHAR, VARCHAR, BINARY and VARBINARY in characters
	// or bytes.
	Length int `msgpack:"l,omitempty"`
	// Key is MAP's key type.
	Key *Type `msgpack:"y,omitempty"`
	// Elem is the element type of ARRAY and MULTISET and the value type of MAP.
	Elem *Type `msgpack:"e,omitempty"`
	// Fields are ROW's fields.
	Fields []Field `msgpack:"f,omitempty"`
}

// Field is a named column of a ROW or of a relation.
type Field struct {
	Name string `msgpack:"n"`
	Type Type   `msgpack:"t"`
}

// Of makes a nullable type of a kind without parameters, or with Flink's default
// ones: DECIMAL(10,0), CHAR(1), BINARY(1), TIME(0), TIMESTAMP(6), and unbounded
// VARCHAR and VARBINARY (that is, STRING and BYTES).
func Of(kind Kind) Type {
	t := Type{Kind: kind, Nullable: true}
	switch kind {
	case Decimal:
		t.Precision = 10
	case Char, Binary:
		t.Length = 1
	case Varchar, Varbinary:
		t.Length = MaxLength
	case Timestamp, TimestampLTZ:
		t.Precision = 6
	}
	return t
}

// String is the type STRING.
func StringType() Type { return Of(Varchar) }

// BytesType is the type BYTES.
func BytesType() Type { return Of(Varbinary) }

// DecimalOf is the nullable type DECIMAL(precision, scale).
func DecimalOf(precision, scale int) Type {
	return Type{Kind: Decimal, Nullable: true, Precision: precision, Scale: scale}
}

// TimestampOf is the nullable type TIMESTAMP(precision).
func TimestampOf(precision int) Type {
	return Type{Kind: Timestamp, Nullable: true, Precision: precision}
}

// TimestampLTZOf is the nullable type TIMESTAMP_LTZ(precision).
func TimestampLTZOf(precision int) Type {
	return Type{Kind: TimestampLTZ, Nullable: true, Precision: precision}
}

// TimeOf is the nullable type TIME(precision).
func TimeOf(precision int) Type { return Type{Kind: Time, Nullable: true, Precision: precision} }

// ArrayOf is the nullable type ARRAY<elem>.
func ArrayOf(elem Type) Type { return Type{Kind: Array, Nullable: true, Elem: &elem} }

// MapOf is the nullable type MAP<key, value>.
func MapOf(key, value Type) Type {
	return Type{Kind: Map, Nullable: true, Key: &key, Elem: &value}
}

// MultisetOf is the nullable type MULTISET<elem>.
func MultisetOf(elem Type) Type { return Type{Kind: Multiset, Nullable: true, Elem: &elem} }

// RowOf is the nullable type ROW<fields>.
func RowOf(fields ...Field) Type { return Type{Kind: Row, Nullable: true, Fields: fields} }

// NotNull returns t without NULL among its values.
func (t Type) NotNull() Type {
	t.Nullable = false
	return t
}

// WithNullable returns t with the given nullability.
func (t Type) WithNullable(nullable bool) Type {
	t.Nullable = nullable
	return t
}

// Equal reports whether t and o are the same type, nullability and field names
// included.
func (t Type) Equal(o Type) bool {
	return t.Nullable == o.Nullable && t.equal(o, true)
}

// Same reports whether t and o hold the same values apart from NULL: top-level
// and nested nullability and field names are free.
func (t Type) Same(o Type) bool { return t.equal(o, false) }

func (t Type) equal(o Type, strict bool) bool {
	if t.Kind != o.Kind || t.Precision != o.Precision || t.Scale != o.Scale || t.Length != o.Length {
		return false
	}
	if !equalRef(t.Key, o.Key, strict) || !equalRef(t.Elem, o.Elem, strict) || len(t.Fields) != len(o.Fields) {
		return false
	}
	for i := range t.Fields {
		a, b := t.Fields[i], o.Fields[i]
		if strict && (a.Name != b.Name || a.Type.Nullable != b.Type.Nullable) || !a.Type.equal(b.Type, strict) {
			return false
		}
	}
	return true
}

func equalRef(a, b *Type, strict bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return (!strict || a.Nullable == b.Nullable) && a.equal(*b, strict)
}

// FieldIndex returns the index of the ROW field called name, or -1. Names are
// case-sensitive.
func (t Type) FieldIndex(name string) int {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// IsInteger reports TINYINT, SMALLINT, INT or BIGINT.
func (t Type) IsInteger() bool { return t.Kind >= TinyInt && t.Kind <= BigInt }

// IsApproximate reports FLOAT or DOUBLE.
func (t Type) IsApproximate() bool { return t.Kind == Float || t.Kind == Double }

// IsNumeric reports any number type.
func (t Type) IsNumeric() bool { return t.Kind >= TinyInt && t.Kind <= Decimal }

// IsString reports CHAR or VARCHAR.
func (t Type) IsString() bool { return t.Kind == Char || t.Kind == Varchar }

// IsBinary reports BINARY or VARBINARY.
func (t Type) IsBinary() bool { return t.Kind == Binary || t.Kind == Varbinary }

// IsTimestamp reports TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsTimestamp() bool { return t.Kind == Timestamp || t.Kind == TimestampLTZ }

// IsTemporal reports DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsTemporal() bool { return t.Kind >= Date && t.Kind <= TimestampLTZ }

// IsInterval reports one of the two interval types.
func (t Type) IsInterval() bool { return t.Kind == IntervalYearMonth || t.Kind == IntervalDayTime }

// IsNested reports ARRAY, MAP, MULTISET or ROW.
func (t Type) IsNested() bool { return t.Kind >= Array }

// kindNames are the kinds' names without parameters.
var kindNames = [...]string{
	Null: "NULL", Boolean: "BOOLEAN", TinyInt: "TINYINT", SmallInt: "SMALLINT", Int: "INT", BigInt: "BIGINT",
	Float: "FLOAT", Double: "DOUBLE", Decimal: "DECIMAL", Char: "CHAR", Varchar: "VARCHAR", Binary: "BINARY",
	Varbinary: "VARBINARY", Date: "DATE", Time: "TIME", Timestamp: "TIMESTAMP", TimestampLTZ: "TIMESTAMP_LTZ",
	IntervalYearMonth: "INTERVAL YEAR TO MONTH", IntervalDayTime: "INTERVAL DAY TO SECOND",
	Array: "ARRAY", Map: "MAP", Multiset: "MULTISET", Row: "ROW",
}

// String gives the kind's SQL name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("KIND(%d)", uint8(k))
}

// String is the type's SQL text, such as `DECIMAL(10, 2) NOT NULL`; the sql
// package parses it back.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	if !t.Nullable && t.Kind != Null {
		b.WriteString(" NOT NULL")
	}
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	switch t.Kind {
	case Decimal:
		fmt.Fprintf(b, "DECIMAL(%d, %d)", t.Precision, t.Scale)
	case Varchar, Varbinary:
		if t.Length == MaxLength {
			b.WriteString(map[Kind]string{Varchar: "STRING", Varbinary: "BYTES"}[t.Kind])
			return
		}
		fmt.Fprintf(b, "%s(%d)", t.Kind, t.Length)
	case Char, Binary:
		fmt.Fprintf(b, "%s(%d)", t.Kind, t.Length)
	case Time, Timestamp, TimestampLTZ:
		fmt.Fprintf(b, "%s(%d)", t.Kind, t.Precision)
	case Array, Multiset:
		fmt.Fprintf(b, "%s<%s>", t.Kind, t.Elem)
	case Map:
		fmt.Fprintf(b, "MAP<%s, %s>", t.Key, t.Elem)
	case Row:
		b.WriteString("ROW<")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%s %s", QuoteIdent(f.Name), f.Type)
		}
		b.WriteString(">")
	default:
		b.WriteString(t.Kind.String())
	}
}

// QuoteIdent writes name as a back-quoted SQL identifier.
func QuoteIdent(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// QuoteString writes s as a SQL string literal.
func QuoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Schema is an ordered list of named, typed columns. Names are case-sensitive
// and may repeat only in intermediate relations.
type Schema []Field

// Index returns the index of the column called name, or -1.
func (s Schema) Index(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// Names lists the column names.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].Name
	}
	return names
}

// Equal reports whether both schemas have the same names and types in order.
func (s Schema) Equal(o Schema) bool {
	return RowOf(s...).Equal(RowOf(o...))
}

// String prints `(a INT, b STRING)` with plain names, for plans and messages.
func (s Schema) String() string {
	parts := make([]string, len(s))
	for i, f := range s {
		parts[i] = f.Name + " " + f.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// IntegerDigits is the number of decimal digits an integer kind may need, by
// Flink's rule for mixing integers with DECIMAL.
func IntegerDigits(kind Kind) int {
	switch kind {
	case TinyInt:
		return 3
	case SmallInt:
		return 5
	case Int:
		return 10
	case BigInt:
		return 19
	}
	panic("types: not an integer kind: " + strconv.Itoa(int(kind)))
}
