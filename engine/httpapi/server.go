// Package httpapi is the REST face of an engine: statements in, jobs and results
// out, records into streams, health and metrics. It translates and decides
// nothing.
package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// Limits of requests.
const (
	statementBytesMax = 8 << 20
	recordBytesMax    = 1 << 20
)

// Server answers HTTP requests over one engine. Its methods may be called from
// any goroutine.
type Server struct {
	engine *engine.Engine
	log    *slog.Logger
	mux    *http.ServeMux
	// origins keeps pages of other places from having a browser call.
	origins *http.CrossOriginProtection

	mu sync.Mutex
	// rows are the results not yet taken, by job; waiting lists their jobs, the
	// oldest first.
	rows       map[string]*engine.Rows
	waiting    []string
	resultsMax int
}

// New makes a server over eng; log may be nil.
func New(eng *engine.Engine, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{engine: eng, log: log, mux: http.NewServeMux(), origins: http.NewCrossOriginProtection(), rows: map[string]*engine.Rows{}, resultsMax: defaultResultsMax}
	s.mux.HandleFunc("POST /v1/statements", s.postStatements)
	s.mux.HandleFunc("GET /v1/jobs", s.getJobs)
	s.mux.HandleFunc("GET /v1/jobs/{id}", s.getJob)
	s.mux.HandleFunc("DELETE /v1/jobs/{id}", s.deleteJob)
	s.mux.HandleFunc("GET /v1/jobs/{id}/results", s.getResults)
	s.mux.HandleFunc("POST /v1/jobs/{id}/stop", s.postStop)
	s.mux.HandleFunc("POST /v1/jobs/{id}/resume", s.postResume)
	s.mux.HandleFunc("POST /v1/jobs/{id}/savepoints", s.postSavepoint)
	s.mux.HandleFunc("POST /v1/streams/{name}/records", s.postRecords)
	s.mux.HandleFunc("GET /healthz", s.getHealth)
	s.mux.Handle("GET /metrics", metricsHandler(eng))
	s.mux.HandleFunc("/", s.notFound)
	return s
}

// ServeHTTP answers one request. A handler's panic becomes a 500 and a log line;
// the server lives.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			s.log.Error("request panicked", "method", r.Method, "path", r.URL.Path, "panic", p)
			s.fail(w, errs.Bugf("the server met a bug answering %s %s", r.Method, r.URL.Path))
		}
	}()
	if s.origins.Check(r) != nil {
		writeJSON(w, http.StatusForbidden, errorBody{Error: errorJSON{
			Class: errs.User.String(), Message: "a page of " + r.Header.Get("Origin") + " may not call this server: whoever reaches it may run SQL",
		}})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Close gives results that nobody took free; their jobs are cancelled.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for id, rows := range s.rows {
		err = errors.Join(err, rows.Close())
		delete(s.rows, id)
	}
	return err
}

func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusNotFound, errorBody{Error: errorJSON{
		Class: errs.User.String(), Message: "there is no " + r.Method + " " + r.URL.Path,
	}})
}

// errorBody is the body of every answer that is not a success.
type errorBody struct {
	Error errorJSON `json:"error"`
}

// errorJSON describes an error. Line and Column are 1-based and set for errors in
// the SQL text, where Text shows the place underlined.
type errorJSON struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Text    string `json:"text,omitempty"`
}

// describe turns err into its JSON form; script is the SQL text, if any.
func describe(err error, script string) errorJSON {
	e := errorJSON{Class: errs.ClassOf(err).String(), Message: err.Error()}
	if span := errs.SpanOf(err); span != (errs.Span{}) && script != "" {
		e.Line, e.Column = errs.Position(script, span.Start)
		e.Text = engine.Render(err, "", script)
	}
	return e
}

// status maps an error's class.
func status(err error) int {
	switch errs.ClassOf(err) {
	case errs.User:
		return http.StatusBadRequest
	case errs.Unsupported:
		return http.StatusNotImplemented
	case errs.Resource:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func (s *Server) fail(w http.ResponseWriter, err error) { s.failScript(w, err, "") }

func (s *Server) failScript(w http.ResponseWriter, err error, script string) {
	code := status(err)
	if code >= http.StatusInternalServerError {
		s.log.Error("request failed", "error", err)
	}
	writeJSON(w, code, errorBody{Error: describe(err, script)})
}

// noJob answers for an unknown job.
func noJob(w http.ResponseWriter, id string) {
	writeJSON(w, http.StatusNotFound, errorBody{Error: errorJSON{
		Class: errs.User.String(), Message: "there is no job " + id,
	}})
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	writeBody(w, body)
}

// writeBody writes body as one line of JSON.
func writeBody(w io.Writer, body any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	// The client has gone if this fails, and nobody is left to be told.
	_ = encoder.Encode(body)
}

// readJSON reads a request's JSON body into v; want shows a right one.
func readJSON(w http.ResponseWriter, r *http.Request, v any, want string) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, statementBytesMax))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return errs.Userf("the body is longer than %d bytes", tooLong.Limit)
		}
		return errs.Userf("the body is not the expected JSON: %v", err).WithHint("send %s", want)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errs.Userf("the body has more than one JSON value").WithHint("send %s", want)
	}
	return nil
}
