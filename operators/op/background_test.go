package op_test

import (
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
)

func TestPanicInTheBackgroundIsTheOperatorsError(t *testing.T) {
	dropped := 0
	b := op.Background[int]{Capacity: 1, Work: func(int) { panic("no such thing") },
		Done: func(int, op.Output) error { return nil }, Drop: func(int) { dropped++ }}
	err := b.Begin(7, nil)
	if err == nil {
		err = b.Drain(nil)
	}
	b.Close()
	if err == nil || errs.ClassOf(err) != errs.Bug || !strings.Contains(err.Error(), "panicked: no such thing") || dropped != 1 {
		t.Errorf("got %v, and dropped %d", err, dropped)
	}
}
