package job_test

import (
	"context"
	"testing"
	"time"

	"github.com/thalweg/thalweg/engine/job"
)

// stopAndCompare stops the job, which commits everything read, and compares.
func stopAndCompare(t *testing.T, f *fixture, j *job.Job, kept []string) {
	t.Helper()
	if _, err := j.Stop(context.Background(), job.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := j.Status(); s.Stats.Restarts != 0 {
		t.Errorf("%d restarts", s.Stats.Restarts)
	}
	equalBags(t, f.tables.Table("out").Rows(), kept)
	if n := f.tables.Table("out").Pending(); n != 0 {
		t.Errorf("%d prepared writes were left over", n)
	}
}

func TestRowsOfACheckpointThatWasNotPublishedAreCommittedByTheNext(t *testing.T) {
	f := newFixture(t, 2, 4)
	a, kept := input(40)
	in, ctx := f.tables.Table("in"), context.Background()
	in.SetSplits(true, a[:20])
	j := start(t, f.cfg)
	for _, more := range [][]string{a[20:30], a[30:]} {
		if err := in.WaitRead(ctx); err != nil {
			t.Fatal(err)
		}
		f.backend.FailPublish(1)
		if _, err := j.Checkpoint(ctx); err == nil {
			t.Fatal("the checkpoint was published")
		}
		in.ForgetReads()
		in.Append(0, more...)
	}
	if err := in.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	stopAndCompare(t, f, j, kept)
}

func TestRowsOfACheckpointThatTookTooLongAreCommittedByTheNext(t *testing.T) {
	f := newFixture(t, 2, 4)
	f.cfg.Timeout = time.Nanosecond
	a, kept := input(40)
	in, ctx := f.tables.Table("in"), context.Background()
	in.SetSplits(true, a)
	j := start(t, f.cfg)
	if err := in.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := j.Checkpoint(ctx); err == nil {
			t.Fatal("the checkpoint was published")
		}
	}
	stopAndCompare(t, f, j, kept)
}

func TestLeftoversOfAJobWithoutACheckpointAreRemoved(t *testing.T) {
	f := newFixture(t, 1, 4)
	f.cfg.Timeout = time.Nanosecond
	a, kept := input(10)
	in, ctx := f.tables.Table("in"), context.Background()
	in.SetSplits(true, a)
	lost := start(t, f.cfg)
	if err := in.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := lost.Checkpoint(ctx); err == nil {
		t.Fatal("the checkpoint was published")
	}
	if err := lost.Cancel(ctx); err != nil {
		t.Fatal(err)
	}
	in.ForgetReads()
	f.cfg.Resumed = true
	j := start(t, f.cfg)
	if err := in.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	stopAndCompare(t, f, j, kept)
}
