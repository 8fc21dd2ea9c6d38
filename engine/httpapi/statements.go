package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// statementsRequest is the body of POST /v1/statements.
type statementsRequest struct {
	// SQL is one statement or a script.
	SQL string `json:"sql"`
	// Settings are SET options for this request.
	Settings map[string]string `json:"settings,omitempty"`
}

// statementsResponse has one result a statement; Error is set when the script
// stopped at an error after some statements had been run.
type statementsResponse struct {
	Results []resultJSON `json:"results"`
	// Warnings are about the request's settings.
	Warnings []string   `json:"warnings,omitempty"`
	Error    *errorJSON `json:"error,omitempty"`
}

// resultJSON is what one statement gave.
type resultJSON struct {
	Kind     string          `json:"kind"`
	Message  string          `json:"message,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Job      *engine.JobInfo `json:"job,omitempty"`
	// Results is where a SELECT's rows are read.
	Results string       `json:"results,omitempty"`
	Columns []columnJSON `json:"columns,omitempty"`
	// Rows are the rows of SHOW and DESCRIBE.
	Rows []json.RawMessage `json:"rows,omitempty"`
}

type columnJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// postStatements runs a script. Jobs it starts run on; a SELECT's rows wait at
// /v1/jobs/{id}/results.
func (s *Server) postStatements(w http.ResponseWriter, r *http.Request) {
	var request statementsRequest
	if err := readJSON(w, r, &request, `{"sql": "…"}`); err != nil {
		s.fail(w, err)
		return
	}
	if strings.TrimSpace(request.SQL) == "" {
		s.fail(w, errs.Userf("the body has no SQL").WithHint(`send {"sql": "…"}`))
		return
	}
	session := s.engine.NewSession()
	warnings, err := applySettings(r.Context(), session, request.Settings)
	if err != nil {
		s.fail(w, err)
		return
	}
	response := statementsResponse{Results: []resultJSON{}, Warnings: warnings}
	err = session.Each(r.Context(), request.SQL, func(result engine.Result) error {
		described, err := s.describeResult(r, result)
		response.Results = append(response.Results, described)
		return err
	})
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, response)
	case len(response.Results) == 0:
		s.failScript(w, err, request.SQL)
	default:
		described := describe(err, request.SQL)
		response.Error = &described
		writeJSON(w, status(err), response)
	}
}

// applySettings sets the request's options as SET statements would.
func applySettings(ctx context.Context, session *engine.Session, settings map[string]string) (warnings []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		statement := "SET " + types.QuoteString(key) + " = " + types.QuoteString(settings[key])
		results, err := session.Execute(ctx, statement)
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "setting %s", key)
		}
		for _, r := range results {
			warnings = append(warnings, r.Warnings...)
		}
	}
	return warnings, nil
}

// describeResult turns a result into JSON and keeps a SELECT's rows for later.
func (s *Server) describeResult(r *http.Request, result engine.Result) (resultJSON, error) {
	out := resultJSON{Kind: result.Kind.String(), Message: result.Message, Warnings: result.Warnings}
	if result.Job != nil {
		info := result.Job.Info()
		out.Job = &info
	}
	if result.Rows == nil {
		return out, nil
	}
	for _, column := range result.Rows.Schema() {
		out.Columns = append(out.Columns, columnJSON{Name: column.Name, Type: column.Type.String()})
	}
	if result.Job != nil {
		out.Results = "/v1/jobs/" + result.Job.ID() + "/results"
		s.keepRows(result.Job.ID(), result.Rows)
		return out, nil
	}
	defer result.Rows.Close()
	rows, err := constantRows(r, result.Rows)
	out.Rows = rows
	return out, err
}

// constantRows reads all rows as JSON objects.
func constantRows(r *http.Request, rows *engine.Rows) ([]json.RawMessage, error) {
	encoder, err := format.NewJSONRows(rows.Schema())
	if err != nil {
		return nil, err
	}
	out := []json.RawMessage{}
	for {
		batch, err := rows.Next(r.Context())
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		lines, ends, err := encoder.Append(nil, batch)
		batch.Release()
		if err != nil {
			return nil, err
		}
		start := 0
		for _, end := range ends {
			out = append(out, json.RawMessage(lines[start:end-1]))
			start = end
		}
	}
}

// defaultResultsMax is how many results wait to be read. They hold memory, and their
// jobs.
const defaultResultsMax = 256

// keepRows keeps a SELECT's rows until they are read. When too many wait, the oldest
// are given up and their job is cancelled.
func (s *Server) keepRows(id string, rows *engine.Rows) {
	s.mu.Lock()
	s.rows[id] = rows
	s.waiting = append(s.waiting, id)
	var oldest *engine.Rows
	if len(s.waiting) > s.resultsMax {
		gone := s.waiting[0]
		oldest = s.rows[gone]
		s.forget(gone)
	}
	s.mu.Unlock()
	if oldest != nil {
		s.log.Warn("results that nobody read are given up", "job", oldest.Job().ID(), "error", oldest.Close())
	}
}

// forget takes a result off the books. The lock is held.
func (s *Server) forget(id string) {
	delete(s.rows, id)
	s.waiting = slices.DeleteFunc(s.waiting, func(w string) bool { return w == id })
}

// takeRows hands the rows of a job's SELECT to one reader.
func (s *Server) takeRows(id string) (*engine.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, ok := s.rows[id]
	if !ok {
		return nil, errs.Userf("job %s has no results to read: it is no SELECT, or they were read already, or given up", id)
	}
	s.forget(id)
	return rows, nil
}
