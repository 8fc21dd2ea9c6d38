package engine

import (
	"context"
	"maps"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Engine owns a data directory: its catalog, its jobs and everything they run on.
// Its methods may be called from any goroutine.
type Engine struct {
	opts Options
}

// Open opens the data directory, which only one engine at a time may hold, and
// resumes the jobs that ran when it was last closed or lost.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	return &Engine{opts: opts}, nil
}

// Close takes a last checkpoint of every durable job, stops it so that the next
// Open resumes it, cancels the others, and gives the data directory free.
func (e *Engine) Close() error { return nil }

// NewSession opens a session with the engine's settings.
func (e *Engine) NewSession() *Session {
	settings := maps.Clone(e.opts.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	return &Session{engine: e, settings: settings}
}

// Execute runs a script in a session of its own; see [Session.Execute].
func (e *Engine) Execute(ctx context.Context, script string) ([]Result, error) {
	return e.NewSession().Execute(ctx, script)
}

// Query runs a script in a session of its own; see [Session.Query].
func (e *Engine) Query(ctx context.Context, script string) (*Rows, error) {
	return e.NewSession().Query(ctx, script)
}

// Jobs lists all jobs, the oldest first.
func (e *Engine) Jobs() []*Job { return nil }

// Job finds a job by its ID.
func (e *Engine) Job(id string) (*Job, bool) { return nil, false }

// Resume starts a suspended or failed job again from its last checkpoint.
func (e *Engine) Resume(ctx context.Context, id string) (*Job, error) {
	return nil, errs.Userf("there is no job %q", id)
}

// RegisterConnector adds a connector for tables created from now on; one with a
// taken name is a user error.
func (e *Engine) RegisterConnector(c connector.Connector) error {
	return errs.Unsupportedf("connectors cannot be registered yet")
}

func errNoRows() error {
	return errs.Userf("the script's last statement gives no rows").WithHint("end it with a SELECT")
}
