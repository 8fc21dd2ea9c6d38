package httpapi

import (
	"net/http"

	"github.com/thalweg/thalweg/engine"
)

// jobJSON is one job with its metrics and plan.
type jobJSON struct {
	engine.JobInfo
	Metrics engine.Metrics `json:"metrics"`
	Plan    string         `json:"plan"`
}

func (s *Server) getJobs(w http.ResponseWriter, _ *http.Request) {
	jobs := []engine.JobInfo{}
	for _, job := range s.engine.Jobs() {
		jobs = append(jobs, job.Info())
	}
	writeJSON(w, http.StatusOK, map[string]any{"jobs": jobs})
}

// withJob answers 404 for an unknown job.
func (s *Server) withJob(w http.ResponseWriter, r *http.Request, do func(*engine.Job) error) {
	id := r.PathValue("id")
	job, ok := s.engine.Job(id)
	if !ok {
		noJob(w, id)
		return
	}
	if err := do(job); err != nil {
		s.fail(w, err)
	}
}

func (s *Server) getJob(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		metrics := job.Metrics()
		if metrics.Nodes == nil {
			// A job that is being deployed has none yet: an empty list, not null.
			metrics.Nodes = []engine.NodeMetrics{}
		}
		writeJSON(w, http.StatusOK, jobJSON{JobInfo: job.Info(), Metrics: metrics, Plan: job.Plan()})
		return nil
	})
}

// deleteJob cancels a job and answers with how it ended.
func (s *Server) deleteJob(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		if rows, err := s.takeRows(job.ID()); err == nil {
			if err := rows.Close(); err != nil {
				return err
			}
		}
		if err := job.Cancel(r.Context()); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, job.Info())
		return nil
	})
}

// stopRequest is the body of POST /v1/jobs/{id}/stop.
type stopRequest struct {
	// Savepoint takes a savepoint as the last act; Drain lets open windows fire.
	Savepoint bool `json:"savepoint"`
	Drain     bool `json:"drain"`
}

func (s *Server) postStop(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		var request stopRequest
		if r.ContentLength != 0 {
			if err := readJSON(w, r, &request, `{"savepoint": true, "drain": true}, each optional`); err != nil {
				return err
			}
		}
		var err error
		if request.Savepoint || request.Drain {
			_, err = job.StopWithSavepoint(r.Context(), request.Drain)
		} else {
			err = job.Stop(r.Context())
		}
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, job.Info())
		return nil
	})
}

func (s *Server) postResume(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		resumed, err := s.engine.Resume(r.Context(), job.ID())
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, resumed.Info())
		return nil
	})
}

func (s *Server) postSavepoint(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		dir, err := job.Savepoint(r.Context())
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusCreated, map[string]string{"savepoint": dir})
		return nil
	})
}
