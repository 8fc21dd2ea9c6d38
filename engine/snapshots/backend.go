// Package snapshots is the backend of jobs on a data directory: operator state in
// one Pebble per operator and task, checkpoints and savepoints in the file system.
//
// A job's directory holds
//
//	checkpoints/  manifests and state tables
//	state/        the working copies of what runs, worthless after a crash
//
// Operators have stores of their own, named by UID, so that state goes on when a
// job's stages are cut otherwise: at another parallelism, or in a changed query.
package snapshots

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// Options configures a backend.
type Options struct {
	FS vfs.FS
	// Dir is the job's directory, made when needed; Savepoints is the directory
	// that savepoints are made in.
	Dir        string
	Savepoints string
	// Keep is how many checkpoints are kept, at least 1.
	Keep int
	// NowMillis is the wall clock.
	NowMillis func() int64
	Logger    *slog.Logger
}

// Backend is a job.Backend. Its methods may be called from any goroutine.
type Backend struct {
	opts Options

	mu sync.Mutex
	// storage is made by the first use; origins are those of other directories.
	storage *checkpoint.Local
	// made: the job's directory is there, durably.
	made    bool
	origins map[string]*checkpoint.Local
	opened  int
}

var _ job.Backend = (*Backend)(nil)

// New makes a backend; it touches no file.
func New(opts Options) *Backend {
	return &Backend{opts: opts, origins: map[string]*checkpoint.Local{}}
}

// own is the storage of the job's checkpoints.
func (b *Backend) own() (*checkpoint.Local, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.storage != nil {
		return b.storage, nil
	}
	if err := b.makeDir(); err != nil {
		return nil, err
	}
	s, err := checkpoint.NewLocal(b.opts.FS, b.opts.FS.PathJoin(b.opts.Dir, "checkpoints"))
	b.storage = s
	return s, err
}

// makeDir makes the job's directory. Its entry and its parent's are synced, whoever
// made them: a checkpoint in a directory that a crash takes away is no checkpoint.
// The lock is held.
func (b *Backend) makeDir() error {
	if b.made {
		return nil
	}
	fs := b.opts.FS
	if err := fs.MkdirAll(b.opts.Dir, 0o755); err != nil {
		return errs.Wrap(errs.Resource, err, "make %s", b.opts.Dir)
	}
	parent := fs.PathDir(b.opts.Dir)
	for _, dir := range []string{parent, fs.PathDir(parent)} {
		if err := durable.SyncDir(fs, dir); err != nil {
			return errs.Wrap(errs.Resource, err, "sync %s", dir)
		}
	}
	b.made = true
	return nil
}

// of is the storage that holds a checkpoint.
func (b *Backend) of(c *job.Checkpoint) (*checkpoint.Local, error) {
	if c.Origin == "" {
		return b.own()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.origins[c.Origin]; ok {
		return s, nil
	}
	s, err := checkpoint.NewLocal(b.opts.FS, c.Origin)
	if err == nil {
		b.origins[c.Origin] = s
	}
	return s, err
}

// Publish stores and publishes c, and a second, complete copy of a savepoint. It
// then deletes checkpoints that are not kept.
func (b *Backend) Publish(ctx context.Context, c *job.Checkpoint) (string, error) {
	storage, err := b.own()
	if err != nil {
		return "", err
	}
	savepoint := ""
	if c.Savepoint {
		savepoint = b.opts.FS.PathJoin(b.opts.Savepoints, fmt.Sprintf("%s-%d", c.Job, c.Barrier.Epoch))
		copied, err := checkpoint.NewLocal(b.opts.FS, savepoint)
		if err != nil {
			return "", err
		}
		if err := b.publish(ctx, copied, c); err != nil {
			return "", err
		}
	}
	if err := b.publish(ctx, storage, c); err != nil {
		return "", err
	}
	if err := storage.Retain(ctx, b.opts.Keep); err != nil {
		b.opts.Logger.Warn("delete old checkpoints", "job", c.Job, "error", err)
	}
	return savepoint, nil
}

// publish stores c's snapshots and publishes its manifest.
func (b *Backend) publish(ctx context.Context, storage *checkpoint.Local, c *job.Checkpoint) error {
	m := &checkpoint.Manifest{Job: c.Job, Epoch: c.Barrier.Epoch, Kind: c.Barrier.Kind.String(),
		CreatedMillis: b.opts.NowMillis(), Plan: c.Plan, Parallelism: c.Parallelism, KeyGroups: c.KeyGroups}
	for _, uid := range slices.Sorted(maps.Keys(c.States)) {
		operator := checkpoint.Operator{UID: uid}
		for _, index := range slices.Sorted(maps.Keys(c.States[uid])) {
			stored, err := storage.Put(ctx, *c.States[uid][index])
			if err != nil {
				return errs.Wrap(errs.Resource, err, "state of %s, task %d", uid, index)
			}
			operator.Tasks = append(operator.Tasks, stored)
		}
		m.Operators = append(m.Operators, operator)
	}
	for _, uid := range slices.Sorted(maps.Keys(c.Sources)) {
		splits, err := encodeSplits(c.Sources[uid])
		if err != nil {
			return err
		}
		m.Sources = append(m.Sources, checkpoint.Source{UID: uid, Splits: splits})
	}
	for _, uid := range slices.Sorted(maps.Keys(c.Sinks)) {
		part := c.Sinks[uid]
		m.Sinks = append(m.Sinks, checkpoint.Sink{UID: uid, Committables: part.Committables, States: part.States})
	}
	return storage.Publish(ctx, m)
}

func encodeSplits(splits []task.Split) ([][]byte, error) {
	out := make([][]byte, len(splits))
	for i, s := range splits {
		data, err := msgpack.Marshal(s)
		if err != nil {
			return nil, errs.Wrap(errs.Bug, err, "encode split %s", s.Split.ID)
		}
		out[i] = data
	}
	return out, nil
}

// Latest is the last published checkpoint, or nil.
func (b *Backend) Latest(ctx context.Context) (*job.Checkpoint, error) {
	storage, err := b.own()
	if err != nil {
		return nil, err
	}
	return latest(ctx, storage, "")
}

// Savepoint reads the savepoint in dir.
func (b *Backend) Savepoint(ctx context.Context, dir string) (*job.Checkpoint, error) {
	if _, err := b.opts.FS.Stat(dir); err != nil {
		return nil, errs.Wrap(errs.User, err, "the savepoint %s", dir)
	}
	c := &job.Checkpoint{Origin: dir}
	storage, err := b.of(c)
	if err != nil {
		return nil, err
	}
	c, err = latest(ctx, storage, dir)
	if err == nil && c == nil {
		return nil, errs.Userf("there is no savepoint in %s", dir)
	}
	return c, err
}

func latest(ctx context.Context, storage *checkpoint.Local, origin string) (*job.Checkpoint, error) {
	m, err := checkpoint.Latest(ctx, storage)
	if err != nil || m == nil {
		return nil, err
	}
	return decode(m, origin)
}

// decode reads everything but operator state from a manifest.
func decode(m *checkpoint.Manifest, origin string) (*job.Checkpoint, error) {
	kind, err := parseKind(m.Kind)
	if err != nil {
		return nil, err
	}
	c := &job.Checkpoint{Job: m.Job, Barrier: stream.Barrier{Epoch: m.Epoch, Kind: kind}, Plan: m.Plan, Parallelism: m.Parallelism,
		KeyGroups: m.KeyGroups, Origin: origin, Sources: map[string][]task.Split{}, Sinks: map[string]job.SinkPart{}}
	for _, o := range m.Operators {
		c.Operators = append(c.Operators, o.UID)
	}
	for _, s := range m.Sources {
		for _, data := range s.Splits {
			var split task.Split
			if err := msgpack.Unmarshal(data, &split); err != nil {
				return nil, errs.Wrap(errs.Corruption, err, "a split of source %s in epoch %d", s.UID, m.Epoch)
			}
			c.Sources[s.UID] = append(c.Sources[s.UID], split)
		}
	}
	for _, s := range m.Sinks {
		c.Sinks[s.UID] = job.SinkPart{Committables: s.Committables, States: s.States}
	}
	return c, nil
}

func parseKind(name string) (stream.BarrierKind, error) {
	for k := stream.Checkpoint; k <= stream.Final; k++ {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, errs.Corruptionf("a checkpoint manifest of unknown kind %q", name)
}

// Open opens an operator's state; see job.Backend.
func (b *Backend) Open(ctx context.Context, req job.OpenState) (*state.Store, error) {
	groups := state.TaskGroups(req.Task, req.Tasks, req.KeyGroups)
	run, err := b.workDir("run")
	if err != nil {
		return nil, err
	}
	opts := pebblestate.Options{FS: b.opts.FS, Dir: run, Groups: req.KeyGroups, KeyGroups: groups, BudgetBytes: req.BudgetBytes}
	if req.Restore == nil {
		return pebblestate.Open(opts)
	}
	storage, err := b.of(req.Restore)
	if err != nil {
		return nil, err
	}
	m, err := storage.Load(ctx, req.Restore.Barrier.Epoch)
	if err != nil {
		return nil, err
	}
	if m.KeyGroups != req.KeyGroups {
		return nil, errs.Userf("the checkpoint has %d key groups, the job %d", m.KeyGroups, req.KeyGroups).
			WithHint("set 'pipeline.max-parallelism' to %d", m.KeyGroups)
	}
	operator := m.Operator(req.UID)
	if operator == nil {
		return pebblestate.Open(opts)
	}
	fetched, err := b.workDir("restore")
	if err != nil {
		return nil, err
	}
	restored, err := checkpoint.Restore(ctx, storage, operator, groups, b.opts.FS, fetched)
	if err != nil {
		return nil, err
	}
	opts.Restore, opts.Cells, opts.Tables = restored.Parts, restored.Cells, restored.Tables
	return pebblestate.Open(opts)
}

// workDir names a working directory that does not exist. The first time it removes
// those that a lost process left: their names come again, and a restore into one
// would mix its state with another's.
func (b *Backend) workDir(what string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.makeDir(); err != nil {
		return "", err
	}
	state := b.opts.FS.PathJoin(b.opts.Dir, "state")
	if b.opened == 0 {
		if err := b.remove(state); err != nil {
			return "", err
		}
	}
	b.opened++
	return b.opts.FS.PathJoin(state, fmt.Sprintf("%s-%d", what, b.opened)), nil
}

// Remove removes all that is kept of the job but its savepoints.
func (b *Backend) Remove() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made, b.storage = false, nil
	return b.remove(b.opts.Dir)
}

func (b *Backend) remove(dir string) error {
	if err := b.opts.FS.RemoveAll(dir); err != nil {
		return errs.Wrap(errs.Resource, err, "remove %s", dir)
	}
	return nil
}
