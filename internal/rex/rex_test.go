package rex

import (
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/types"
)

// sample is (CASE WHEN $0 > 1.50 THEN CAST($1.name AS INT) ELSE NULL END).
func sample() Expr {
	dec, integer := types.DecimalOf(3, 2), types.Of(types.Int)
	cond := CallOf(">", types.Of(types.Boolean), Col(0, dec), Lit(dec, Value{Str: "150"}))
	field := Expr{Kind: Field, Name: "name", Type: types.StringType(), Args: []Expr{Col(1, types.RowOf(types.Field{Name: "name", Type: types.StringType()}))}}
	cast := Expr{Kind: Cast, Type: integer, Args: []Expr{field}}
	return Expr{Kind: Case, Type: integer, Args: []Expr{cond, cast, NullOf(integer)}}
}

func TestFormat(t *testing.T) {
	want := "CASE WHEN (price > 1.50) THEN CAST($1.name AS INT) ELSE NULL END"
	if got := sample().Format([]string{"price"}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	lits := map[string]Expr{
		"TRUE": Bool(true), "-7": BigInt(-7), "'it''s'": Str("it's"), "NULL": NullOf(types.Of(types.Int)),
		"x'00ff'": Lit(types.BytesType(), Value{Str: "\x00\xff"}),
		"0.05":    Lit(types.DecimalOf(3, 2), Value{Str: "5"}), "-0.05": Lit(types.DecimalOf(3, 2), Value{Str: "-5"}),
	}
	for want, e := range lits {
		if e.String() != want {
			t.Errorf("got %s, want %s", e, want)
		}
	}
	isNull := CallOf("IS NULL", types.Of(types.Boolean), Col(0, types.Of(types.Int)))
	lower := CallOf("LOWER", types.StringType(), Col(1, types.StringType()))
	if got := CallOf("AND", types.Of(types.Boolean), isNull, lower).String(); got != "($0 IS NULL AND LOWER($1))" {
		t.Errorf("got %s", got)
	}
}

func TestExprRoundTripsThroughMsgpack(t *testing.T) {
	data, err := msgpack.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var back Expr
	if err := msgpack.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !back.Equal(sample()) {
		t.Errorf("came back as %s", back)
	}
}

func TestMapLeavesTheOriginalAlone(t *testing.T) {
	original := sample()
	shifted := original.Map(func(e Expr) Expr {
		if e.Kind == Input {
			e.Index += 10
		}
		return e
	})
	if !original.Equal(sample()) {
		t.Error("Map changed its receiver")
	}
	if got := shifted.Inputs(); !got[10] || !got[11] || len(got) != 2 {
		t.Errorf("inputs %v", got)
	}
	if shifted.Equal(original) {
		t.Error("Equal does not see the column")
	}
}

func TestSetTellsEqualExpressions(t *testing.T) {
	a, b := CallOf("+", types.Of(types.BigInt), Col(0, types.Of(types.BigInt)), BigInt(1)), CallOf("+", types.Of(types.BigInt), Col(0, types.Of(types.BigInt)), BigInt(2))
	again := CallOf("+", types.Of(types.BigInt), Col(0, types.Of(types.BigInt)), BigInt(1))
	var s Set
	if s.Has(a) || !s.Add(a) || s.Add(again) || !s.Has(again) || s.Has(b) || !s.Add(b) || a.Hash() != again.Hash() {
		t.Error("a set lost or doubled an expression")
	}
	if !SetOf([]Expr{a, b}).Has(b) {
		t.Error("SetOf")
	}
}

func TestMapSharesWhatItLeavesAlone(t *testing.T) {
	e := sample()
	if same := e.Map(func(x Expr) Expr { return x }); len(e.Args) == 0 || &same.Args[0] != &e.Args[0] {
		t.Error("Map copied what it left alone")
	}
	was := e.Format(nil)
	e.Map(func(x Expr) Expr {
		x.Index++
		return x
	})
	if e.Format(nil) != was {
		t.Error("Map changed its expression")
	}
}
