package checkpoint_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
	"github.com/thalweg/thalweg/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const groups = 128

// TestStateSurvivesStorage runs the whole contract of state with every restore
// going through a stored, published and fetched checkpoint.
func TestStateSurvivesStorage(t *testing.T) {
	fs := vfs.NewMem()
	storage, err := checkpoint.NewLocal(fs, "ckpt")
	if err != nil {
		t.Fatal(err)
	}
	var opened atomic.Int64
	statetest.Run(t, func(tb testing.TB, o statetest.Options) *state.Store {
		n := opened.Add(1)
		options := pebblestate.Options{FS: fs, Dir: fmt.Sprintf("state/%d", n), KeyGroups: o.KeyGroups, BudgetBytes: o.BudgetBytes, SmallBytes: 4000}
		if len(o.Restore) > 0 {
			publish(tb, storage, uint64(n), o.Restore)
			r := restore(tb, storage, uint64(n), o.KeyGroups, fs, fmt.Sprintf("fetched/%d", n))
			options.Restore, options.Cells, options.Tables = r.Parts, r.Cells, r.Tables
			if err := storage.Retain(context.Background(), 1); err != nil {
				tb.Fatal(err)
			}
		}
		s, err := pebblestate.Open(options)
		if err != nil {
			tb.Fatal(err)
		}
		return s
	})
}

// publish stores snapshots of all tasks of one operator as an epoch.
func publish(tb testing.TB, storage checkpoint.Storage, epoch uint64, snaps []state.Snapshot) {
	tb.Helper()
	if err := tryPublish(storage, epoch, snaps); err != nil {
		tb.Fatal(err)
	}
}

func tryPublish(storage checkpoint.Storage, epoch uint64, snaps []state.Snapshot) error {
	op := checkpoint.Operator{UID: "agg"}
	for _, s := range snaps {
		task, err := storage.Put(context.Background(), s)
		if err != nil {
			return err
		}
		op.Tasks = append(op.Tasks, task)
	}
	return storage.Publish(context.Background(), &checkpoint.Manifest{
		Job: "job", Epoch: epoch, Kind: "checkpoint", Parallelism: len(snaps), KeyGroups: groups,
		Operators: []checkpoint.Operator{op},
	})
}

func restore(tb testing.TB, storage checkpoint.Storage, epoch uint64, want state.GroupRange, fs vfs.FS, dir string) checkpoint.Restored {
	tb.Helper()
	m, err := storage.Load(context.Background(), epoch)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := checkpoint.Restore(context.Background(), storage, m.Operator("agg"), want, fs, dir)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
