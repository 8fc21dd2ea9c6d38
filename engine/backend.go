package engine

import (
	"github.com/thalweg/thalweg/engine/snapshots"
)

// backend keeps the job's checkpoints and state.
func (r *jobRun) backend() *snapshots.Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.snapshots == nil {
		e := r.engine
		r.snapshots = snapshots.New(snapshots.Options{FS: e.fs, Dir: e.fs.PathJoin(e.dir, "jobs", r.id),
			Savepoints: e.fs.PathJoin(e.dir, "savepoints"), Keep: e.opts.CheckpointsKept, NowMillis: e.opts.Now, Logger: e.log})
	}
	return r.snapshots
}
