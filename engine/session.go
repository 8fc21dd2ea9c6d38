package engine

import (
	"context"
	"maps"
	"sync"

	"github.com/thalweg/thalweg/engine/meta"
)

// Session runs scripts with options and temporary tables of its own. Its methods
// may be called from any goroutine, but scripts of one session run one after the
// other.
type Session struct {
	engine *Engine

	// running serialises scripts.
	running sync.Mutex

	mu       sync.Mutex
	settings map[string]string
	// temporary relations hide the engine's.
	temporary map[string]relation
	// functions are the temporary ones; those of the system have no database.
	functions map[string]meta.Function
	// models are the temporary ones.
	models map[string]meta.Model
	// database is where names without one are looked up.
	database string
}

// Engine is the engine the session belongs to.
func (s *Session) Engine() *Engine { return s.engine }

// Settings copies the session's SET options.
func (s *Session) Settings() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.settings)
}

// Execute runs a script and returns one result a statement, in order. It stops at
// the first error and returns the results so far with it. Jobs started run on,
// unless 'table.dml-sync' is true: then each INSERT is waited for. Every Rows
// among the results must be closed.
func (s *Session) Execute(ctx context.Context, script string) ([]Result, error) {
	var results []Result
	err := s.Each(ctx, script, func(r Result) error {
		results = append(results, r)
		return nil
	})
	return results, err
}

// Query runs a script whose last statement gives rows, and returns them. Jobs
// that earlier statements started run on.
func (s *Session) Query(ctx context.Context, script string) (*Rows, error) {
	results, err := s.Execute(ctx, script)
	if err != nil {
		closeRows(results)
		return nil, err
	}
	return lastRows(results)
}

// lastRows takes the last result's rows and closes all others.
func lastRows(results []Result) (*Rows, error) {
	if len(results) == 0 || results[len(results)-1].Rows == nil {
		closeRows(results)
		return nil, errNoRows()
	}
	closeRows(results[:len(results)-1])
	return results[len(results)-1].Rows, nil
}

func closeRows(results []Result) {
	for _, r := range results {
		if r.Rows != nil {
			r.Rows.Close()
		}
	}
}
