package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/alloc"
	"github.com/thalweg/thalweg/internal/errs"
)

// Engine owns a data directory: its catalog, its jobs and everything they run on.
// Its methods may be called from any goroutine.
type Engine struct {
	opts Options
	log  *slog.Logger
	// dir is the data directory; durable tells that it outlives the engine.
	dir     string
	durable bool
	fs      vfs.FS
	lock    io.Closer
	meta    *meta.Store
	// alloc is the allocator of all jobs' batches.
	alloc *alloc.Pool

	// declaring serialises changes of the catalog; it is taken before mu. See declare.
	declaring sync.Mutex

	// mu guards what follows.
	mu        sync.Mutex
	parts     parts
	extras    extras
	relations map[string]relation
	databases map[string]meta.Database
	functions map[string]meta.Function
	models    map[string]meta.Model
	library   library
	jobs      map[string]*jobRun
	order     []string
	lastJob   int64
	closed    bool
	services  map[string]any
	// retired are the listed jobs that can't go on, in the order they ended.
	retired    []*jobRun
	retiredMax int
}

// Open opens the data directory, which only one engine at a time may hold, and
// resumes the jobs that ran when it was last closed or lost. A job that can't be
// resumed is shown as failed; it does not keep the engine from opening.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	e := &Engine{opts: opts, log: opts.Logger, fs: opts.FS, dir: opts.DataDir, durable: opts.DataDir != "",
		alloc: alloc.NewPool(0), retiredMax: defaultRetiredMax, relations: map[string]relation{}, databases: map[string]meta.Database{}, functions: map[string]meta.Function{},
		models: map[string]meta.Model{}, jobs: map[string]*jobRun{}, services: map[string]any{}}
	if err := e.open(ctx); err != nil {
		_ = e.Close() // jobs may run already; the first error is the one to tell
		return nil, err
	}
	return e, nil
}

// open takes the directory and reads the metadata.
func (e *Engine) open(ctx context.Context) error {
	for key, value := range e.opts.Settings {
		if _, err := checkSetting(key, value); err != nil {
			return err
		}
	}
	if err := e.openDir(); err != nil {
		return err
	}
	metaFS, metaDir := e.fs, e.fs.PathJoin(e.dir, "meta")
	if !e.durable {
		metaFS, metaDir = vfs.NewMem(), "meta"
	}
	var err error
	if e.meta, err = meta.Open(metaFS, metaDir); err != nil {
		return err
	}
	if err := e.openParts(); err != nil {
		return err
	}
	relations, err := e.meta.Relations()
	if err != nil {
		return err
	}
	for _, r := range relations {
		e.relations[r.Name()] = r
	}
	databases, err := e.meta.Databases()
	if err != nil {
		return err
	}
	for _, d := range databases {
		e.databases[d.Name] = d
	}
	if err := e.openFunctions(); err != nil {
		return err
	}
	return e.resumeAll(ctx)
}

// openDir takes the data directory, or makes a temporary one.
func (e *Engine) openDir() error {
	if !e.durable {
		dir, err := os.MkdirTemp("", "thalweg-")
		if err != nil {
			return errs.Wrap(errs.Resource, err, "make a temporary data directory")
		}
		e.dir = dir
		return nil
	}
	lock, err := meta.Lock(e.fs, e.dir)
	e.lock = lock
	return err
}

// Close takes a last checkpoint of every durable job, stops it so that the next
// Open resumes it, cancels the others, and gives the data directory free.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	jobs := slices.Collect(maps.Values(e.jobs))
	e.mu.Unlock()
	var wait sync.WaitGroup
	for _, j := range jobs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			j.shutdown()
		}()
	}
	wait.Wait()
	return e.release()
}

// release gives everything back that open took.
func (e *Engine) release() error {
	err := e.closeServices()
	e.library.close()
	if e.meta != nil {
		e.declaring.Lock() // what is being declared is durable first
		if closeErr := e.meta.Close(); err == nil {
			err = closeErr
		}
		e.declaring.Unlock()
	}
	if e.lock != nil {
		if closeErr := e.lock.Close(); err == nil && closeErr != nil {
			err = errs.Wrap(errs.Resource, closeErr, "give the data directory %s free", e.dir)
		}
	}
	if !e.durable && e.dir != "" {
		if removeErr := os.RemoveAll(e.dir); err == nil && removeErr != nil {
			err = errs.Wrap(errs.Resource, removeErr, "remove the temporary data directory %s", e.dir)
		}
	}
	return err
}

// DataDir is the data directory, the temporary one included.
func (e *Engine) DataDir() string { return e.dir }

// AllocatedBytes is the memory of all batches in flight: those of running jobs and
// those of results that were not given back.
func (e *Engine) AllocatedBytes() int64 { return e.alloc.Stats().LiveBytes }

// NewSession opens a session with the engine's settings.
func (e *Engine) NewSession() *Session {
	settings := maps.Clone(e.opts.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	return &Session{engine: e, settings: settings, temporary: map[string]relation{}, functions: map[string]meta.Function{},
		models: map[string]meta.Model{}, database: defaultDatabase}
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
func (e *Engine) Jobs() []*Job {
	e.mu.Lock()
	defer e.mu.Unlock()
	jobs := make([]*Job, len(e.order))
	for i, id := range e.order {
		jobs[i] = &Job{run: e.jobs[id]}
	}
	return jobs
}

// Job finds a job by its ID.
func (e *Engine) Job(id string) (*Job, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	run, ok := e.jobs[id]
	if !ok {
		return nil, false
	}
	return &Job{run: run}, true
}

// newJobID makes an ID that no job of the data directory has, and which sorts
// behind all others.
func (e *Engine) newJobID() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastJob = max(e.lastJob+1, e.opts.Now())
	return fmt.Sprintf("%013x", e.lastJob)
}

// relationsNow copies the catalog.
func (e *Engine) relationsNow() map[string]relation {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.relations)
}

// databasesNow lists the databases besides the default one.
func (e *Engine) databasesNow() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]bool{}
	for name := range e.databases {
		all[name] = true
	}
	return all
}

func errNoRows() error {
	return errs.Userf("the script's last statement gives no rows").WithHint("end it with a SELECT")
}

func errClosed() error { return errs.Userf("the engine is closed") }
