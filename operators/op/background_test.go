package op_test

import (
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
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

// told counts the watermarks that come out.
type told []stream.Watermark

func (*told) Emit(stream.Batch) error { return nil }

func (t *told) Watermark(wm stream.Watermark) error {
	*t = append(*t, wm)
	return nil
}

func TestWatermarksBehindSlowWorkAreOne(t *testing.T) {
	release, out := make(chan struct{}), &told{}
	b := op.Background[int]{Capacity: 2, Work: func(int) { <-release }, Done: func(int, op.Output) error { return nil }, Drop: func(int) {}}
	defer b.Close()
	if err := b.Begin(1, out); err != nil {
		t.Fatal(err)
	}
	for wm := range stream.Watermark(100) {
		if err := b.Advance(wm, out); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	if err := b.Drain(out); err != nil || len(*out) != 1 || (*out)[0] != 99 {
		t.Errorf("told %v, error %v", *out, err)
	}
}
