package snapshots_test

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/engine/snapshots"
)

// A killed process leaves working directories, and the next one uses their names
// again.
func TestWorkingDirectoriesOfALostProcessAreRemoved(t *testing.T) {
	fs := vfs.NewMem()
	for _, dir := range []string{"jobs/1/state/run-1", "jobs/1/state/restore-2/task-0"} {
		if err := fs.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create(dir+"/rows", vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b := snapshots.New(snapshots.Options{FS: fs, Dir: "jobs/1", Savepoints: "savepoints", Keep: 1})
	var all []interface{ Close() error }
	for range 2 {
		s, err := b.Open(context.Background(), job.OpenState{UID: "agg", Tasks: 1, KeyGroups: 16})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	names, err := fs.List("jobs/1/state")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 2 {
		t.Errorf("working directories are %v, want two", names)
	}
	for _, s := range all {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
