package engine

import "slices"

// defaultRetiredMax is how many jobs are listed that have ended and can't go on: INSERTs
// that finished, and SELECTs whose rows were given back. The oldest are forgotten, so
// that a server's books don't grow with what it has done.
const defaultRetiredMax = 200

// retire notes that a job has ended for good, and forgets the oldest of those.
func (e *Engine) retire(r *jobRun) {
	e.mu.Lock()
	e.retired = append(e.retired, r)
	var oldest *jobRun
	if len(e.retired) > e.retiredMax {
		oldest, e.retired = e.retired[0], slices.Delete(e.retired, 0, 1)
		delete(e.jobs, oldest.id)
		e.order = slices.DeleteFunc(e.order, func(id string) bool { return id == oldest.id })
	}
	e.mu.Unlock()
	if oldest == nil || !oldest.durable() {
		return
	}
	if err := e.meta.DeleteJob(oldest.id); err != nil {
		e.log.Warn("forget a job", "job", oldest.id, "error", err)
	}
}
