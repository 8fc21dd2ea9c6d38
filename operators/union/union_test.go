package union_test

import (
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/union"
)

func TestRowsOfAllInputsPass(t *testing.T) {
	schema := types.Schema{{Name: "v", Type: types.Of(types.BigInt)}}
	script, err := optest.Parse("L + v=1\nR + v=2\nL - v=1\nwm 1s\nR + v=NULL")
	if err != nil {
		t.Fatal(err)
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return union.New(), nil },
		Inputs: []types.Schema{schema, schema}, Output: schema,
	}
	if err := optest.Check(c, script, []string{"v=2", "v=NULL"}); err != nil {
		t.Error(err)
	}
}

func BenchmarkUnion(b *testing.B) { optest.Drive(b, union.New()) }
