package types

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/vmihailenco/msgpack/v5"
)

// samples holds one type of every kind with its text and its Arrow type.
func samples() []struct {
	typ   Type
	text  string
	arrow string
} {
	return []struct {
		typ   Type
		text  string
		arrow string
	}{
		{Of(Null), "NULL", "null"},
		{Of(Boolean), "BOOLEAN", "bool"},
		{Of(TinyInt), "TINYINT", "int8"},
		{Of(SmallInt), "SMALLINT", "int16"},
		{Of(Int), "INT", "int32"},
		{Of(BigInt).NotNull(), "BIGINT NOT NULL", "int64"},
		{Of(Float), "FLOAT", "float32"},
		{Of(Double), "DOUBLE", "float64"},
		{DecimalOf(10, 2), "DECIMAL(10, 2)", "decimal(10, 2)"},
		{Of(Char), "CHAR(1)", "utf8"},
		{StringType(), "STRING", "utf8"},
		{Type{Kind: Varchar, Length: 20, Nullable: true}, "VARCHAR(20)", "utf8"},
		{Of(Binary), "BINARY(1)", "binary"},
		{BytesType(), "BYTES", "binary"},
		{Of(Date), "DATE", "date32"},
		{TimeOf(0), "TIME(0)", "time32[ms]"},
		{TimeOf(6), "TIME(6)", "time64[us]"},
		{TimeOf(9), "TIME(9)", "time64[ns]"},
		{TimestampOf(3), "TIMESTAMP(3)", "timestamp[ms]"},
		{TimestampOf(6), "TIMESTAMP(6)", "timestamp[us]"},
		{TimestampLTZOf(9), "TIMESTAMP_LTZ(9)", "timestamp[ns, tz=UTC]"},
		{Of(IntervalYearMonth), "INTERVAL YEAR TO MONTH", "month_interval"},
		{Of(IntervalDayTime), "INTERVAL DAY TO SECOND", "duration[ms]"},
		{ArrayOf(Of(Int)), "ARRAY<INT>", "list<item: int32, nullable>"},
		{MapOf(StringType(), Of(Int)), "MAP<STRING, INT>", "map<utf8, int32, items_nullable>"},
		{MultisetOf(StringType()), "MULTISET<STRING>", "map<utf8, int32, items_nullable>"},
		{RowOf(Field{"a", Of(Int)}, Field{"b`c", StringType().NotNull()}), "ROW<`a` INT, `b``c` STRING NOT NULL>",
			"struct<a: int32, b`c: utf8>"},
	}
}

func TestEveryKindHasTextAndArrow(t *testing.T) {
	seen := map[Kind]bool{}
	for _, s := range samples() {
		seen[s.typ.Kind] = true
		if got := s.typ.String(); got != s.text {
			t.Errorf("text %q, want %q", got, s.text)
		}
		if got := s.typ.Arrow().String(); got != s.arrow {
			t.Errorf("%s: Arrow type %q, want %q", s.text, got, s.arrow)
		}
	}
	for k := Null; k <= Row; k++ {
		if !seen[k] {
			t.Errorf("no sample of %s", k)
		}
	}
}

func TestTypesRoundTripThroughMsgpack(t *testing.T) {
	for _, s := range samples() {
		data, err := msgpack.Marshal(s.typ)
		if err != nil {
			t.Fatal(err)
		}
		var back Type
		if err := msgpack.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if !back.Equal(s.typ) {
			t.Errorf("%s came back as %s", s.typ, back)
		}
	}
}

func TestSameLeavesNullabilityAndNamesFree(t *testing.T) {
	a := RowOf(Field{"x", Of(Int)}, Field{"y", ArrayOf(Of(Int).NotNull())})
	b := RowOf(Field{"p", Of(Int).NotNull()}, Field{"q", ArrayOf(Of(Int))}).NotNull()
	if !a.Same(b) || a.Equal(b) {
		t.Error("Same must ignore names and nullability, Equal must not")
	}
	if a.Same(RowOf(Field{"x", Of(Int)}, Field{"y", ArrayOf(Of(BigInt))})) {
		t.Error("element types are not free")
	}
	if Of(Timestamp).Same(TimestampOf(3)) || DecimalOf(10, 2).Same(DecimalOf(10, 3)) {
		t.Error("precision and scale are not free")
	}
}

func TestSchemaLooksUpByExactName(t *testing.T) {
	s := Schema{{"a", Of(Int)}, {"A", StringType()}}
	if s.Index("A") != 1 || s.Index("b") != -1 {
		t.Error("names are case-sensitive")
	}
	if got := s.String(); got != "(a INT, A STRING)" {
		t.Errorf("schema prints %q", got)
	}
	if f := s.Arrow().Field(0); f.Name != "a" || f.Type.ID() != arrow.INT32 || !f.Nullable {
		t.Errorf("Arrow field %v", f)
	}
}
