package engine

import (
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/job"
)

// tidy removes the files of an ended job that nobody can go on from: what a durable
// job that did not finish leaves is where it is resumed.
func (r *jobRun) tidy(s job.Status) {
	if r.durable() && s.State != coordinator.Finished {
		return
	}
	if err := r.backend().Remove(); err != nil {
		r.engine.log.Warn("remove the job's files", "job", r.id, "error", err)
	}
}
