package shardlog

import (
	"errors"
	"io"
	"maps"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

const (
	lockName    = "LOCK"
	streamsDir  = "streams"
	pendingDir  = "pending"
	trashPrefix = "~deleted-"
)

// Store is a directory of streams. One process has it open at a time; all methods
// may be called from any goroutine.
type Store struct {
	fs      vfs.FS
	dir     string
	options Options
	lock    io.Closer
	// scribbles says that the file system may change what it is given to write, as
	// those for tests do.
	scribbles bool

	// declaring is held while streams are made and deleted; mu guards what follows
	// and is never held during I/O.
	declaring sync.Mutex
	mu        sync.RWMutex
	streams   map[string]*Stream
	// damaged are the streams whose description can't be read, and why: they are left
	// as they are, and the others are served.
	damaged map[string]error
	closed  bool
	// shards counts those of all streams.
	shards atomic.Int64

	// adaptMu guards adapting, and keeps calls of Adapt apart.
	adaptMu  sync.Mutex
	adapting measurement

	// closing is closed by Close; janitor is done when its goroutine has ended.
	closing chan struct{}
	janitor sync.WaitGroup
}

// Open opens the log in a directory, which is made if need be. The directory being
// in use by another process is a resource error.
func Open(dir string, options Options) (*Store, error) {
	s := &Store{
		fs: nil, dir: dir, options: options.withDefaults(),
		streams: map[string]*Stream{}, damaged: map[string]error{}, closing: make(chan struct{}),
	}
	s.fs = s.options.FS
	s.scribbles = s.fs != vfs.Default
	if err := s.fs.MkdirAll(s.fs.PathJoin(dir, streamsDir), 0o755); err != nil {
		return nil, errs.Wrap(errs.Resource, err, "making the directory of the shard log")
	}
	lock, err := s.fs.Lock(s.fs.PathJoin(dir, lockName))
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "the shard log in %s is in use by another process", dir)
	}
	s.lock = lock
	if err := s.load(); err != nil {
		// The first error is the one to tell.
		_ = lock.Close()
		return nil, err
	}
	if s.options.TrimEvery > 0 {
		s.janitor.Add(1)
		go s.trimPeriodically()
	}
	s.adapting.millis = s.nowMillis()
	if s.options.AdaptEvery > 0 {
		s.janitor.Add(1)
		go s.adaptPeriodically()
	}
	return s, nil
}

// load reads all streams' descriptions and removes what has none.
func (s *Store) load() error {
	root := s.fs.PathJoin(s.dir, streamsDir)
	for _, dir := range []string{s.fs.PathDir(s.dir), s.dir, root} {
		// Parents that can't be synced (a root that isn't ours) were there before.
		if err := durable.SyncDir(s.fs, dir); err != nil && dir != s.fs.PathDir(s.dir) {
			return errs.Wrap(errs.Resource, err, "syncing %s", dir)
		}
	}
	names, err := s.fs.List(root)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "listing %s", root)
	}
	for _, name := range names {
		dir := s.fs.PathJoin(root, name)
		if strings.HasPrefix(name, trashPrefix) {
			if err := s.fs.RemoveAll(dir); err != nil {
				return errs.Wrap(errs.Resource, err, "removing a deleted stream")
			}
			continue
		}
		if err := s.loadStream(name, dir); err != nil {
			return err
		}
	}
	return nil
}

// loadStream reads the description of the stream in a directory.
func (s *Store) loadStream(name, dir string) error {
	meta, err := readMeta(s.fs, dir)
	if isGone(err) {
		written, lookErr := hasSegments(s.fs, dir)
		switch {
		case lookErr != nil:
			return lookErr
		case !written:
			// CREATE was cut short: nobody was told that the stream exists.
			return errs.Wrap(errs.Resource, s.fs.RemoveAll(dir), "removing an unfinished stream")
		}
		err = errs.Corruptionf("%s is missing", s.fs.PathJoin(dir, metaName))
	}
	if errs.ClassOf(err) == errs.Corruption {
		s.damaged[name] = errs.Corruptionf("stream %s can't be used: %v", name, err).
			WithHint("put the file back from a copy, or remove %s while the server is down", dir)
		return nil
	}
	if err == nil {
		s.add(newStream(s, dir, meta))
	}
	return err
}

// hasSegments reports that a stream's directory has records, or had.
func hasSegments(fs vfs.FS, dir string) (bool, error) {
	names, err := fs.List(dir)
	if err != nil {
		return false, errs.Wrap(errs.Resource, err, "listing %s", dir)
	}
	for _, name := range names {
		if _, ok := shardNumber(ShardID(name)); !ok {
			continue
		}
		files, err := listShard(fs, fs.PathJoin(dir, name))
		if err != nil || len(files.segments) > 0 || files.floor.first > 0 {
			return true, err
		}
	}
	return false, nil
}

// Damaged gives the streams whose description can't be read, and why.
func (s *Store) Damaged() map[string]error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.damaged)
}

func (s *Store) add(stream *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[stream.name] = stream
	s.shards.Add(int64(len(stream.shards())))
}

// Declaration is what a new stream is to be.
type Declaration struct {
	Name      string
	Shards    int
	Retention time.Duration
	// OnDemand streams split and merge their shards by load, and keep the Shards that
	// they begin with at least.
	OnDemand bool
	// Annotations are there from the stream's first moment; may be zero.
	Annotations Annotations
}

// CreateStream is Declare without annotations.
func (s *Store) CreateStream(name string, shards int, retention time.Duration) error {
	return s.Declare(Declaration{Name: name, Shards: shards, Retention: retention})
}

// Declare makes a stream whose shards divide the hash keys evenly. It is durable
// on return, and a crash leaves all of it or nothing. An existing stream of the
// name is a user error; one of retention or shards is a connector.OptionError.
func (s *Store) Declare(d Declaration) error {
	if err := CheckName(d.Name); err != nil {
		return err
	}
	if err := checkRetention(d.Retention); err != nil {
		return &connector.OptionError{Option: "retention", Value: true, Err: err}
	}
	if d.Shards < 1 || d.Shards > MaxShards {
		err := errs.Userf("a stream can't have %d shards", d.Shards).WithHint("it has between 1 and %d", MaxShards)
		return &connector.OptionError{Option: "shards", Value: true, Err: err}
	}
	s.declaring.Lock()
	defer s.declaring.Unlock()
	if err := s.free(d.Name); err != nil {
		return err
	}
	meta := d.meta(s.options.Now())
	dir := s.streamDir(d.Name)
	if err := s.make(dir, meta); err != nil {
		return err
	}
	s.add(newStream(s, dir, meta))
	return nil
}

// meta is the new stream's description.
func (d Declaration) meta(now time.Time) *streamMeta {
	meta := &streamMeta{
		Name: d.Name, CreatedMillis: now.UnixMilli(), RetentionHours: int64(d.Retention / time.Hour), NextShard: uint32(d.Shards),
		OnDemand: d.OnDemand, Tags: maps.Clone(d.Annotations.Tags), Extra: maps.Clone(d.Annotations.Extra),
		Spread: d.Annotations.Spread,
	}
	if d.OnDemand {
		meta.LeastShards = d.Shards
	}
	for i := range d.Shards {
		last := maxHashKey()
		if i+1 < d.Shards {
			last = rangeStart(i+1, d.Shards).previous()
		}
		meta.Shards = append(meta.Shards, shardMeta{
			Number: uint32(i), CreatedSecond: now.Unix(), First: rangeStart(i, d.Shards), Last: last,
		})
	}
	return meta
}

// ErrExists is what Declare fails with where there is a stream of the name.
var ErrExists = errors.New("it exists already")

// free reports whether a stream of the name can be made.
func (s *Store) free(name string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.streams[name] != nil {
		return errs.Wrap(errs.User, ErrExists, "stream %s", name)
	}
	if err := s.damaged[name]; err != nil {
		return err
	}
	return s.usable()
}

func (s *Store) streamDir(name string) string { return s.fs.PathJoin(s.dir, streamsDir, name) }

// make makes a stream's directories and, last, its description.
func (s *Store) make(dir string, meta *streamMeta) error {
	// A leftover of the name is of a creation that failed.
	if err := s.fs.RemoveAll(dir); err != nil {
		return errs.Wrap(errs.Resource, err, "making stream %s", meta.Name)
	}
	dirs := []string{s.fs.PathJoin(dir, pendingDir)}
	for _, m := range meta.Shards {
		dirs = append(dirs, s.fs.PathJoin(dir, string(shardID(m.Number))))
	}
	for _, d := range dirs {
		if err := s.fs.MkdirAll(d, 0o755); err != nil {
			return errs.Wrap(errs.Resource, err, "making stream %s", meta.Name)
		}
	}
	// The shards' directories are there before the description that names them.
	if err := durable.SyncDir(s.fs, dir); err != nil {
		return errs.Wrap(errs.Resource, err, "making stream %s", meta.Name)
	}
	if err := writeMeta(s.fs, dir, meta); err != nil {
		return err
	}
	return errs.Wrap(errs.Resource, durable.SyncDir(s.fs, s.fs.PathJoin(s.dir, streamsDir)), "making stream %s", meta.Name)
}

// DeleteStream removes a stream and its records; it is durable on return. Readers
// of the stream get an error.
func (s *Store) DeleteStream(name string) error {
	s.declaring.Lock()
	defer s.declaring.Unlock()
	stream, err := s.Stream(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.streams, name)
	s.mu.Unlock()
	err = stream.close(true)
	s.shards.Add(-int64(len(stream.shards())))
	if err != nil {
		return err
	}
	root := s.fs.PathJoin(s.dir, streamsDir)
	trash := s.fs.PathJoin(root, trashPrefix+name)
	err = s.fs.RemoveAll(trash)
	if err == nil {
		err = s.fs.Rename(stream.dir, trash)
	}
	if err == nil {
		err = durable.SyncDir(s.fs, root)
	}
	if err == nil {
		err = s.fs.RemoveAll(trash)
	}
	return errs.Wrap(errs.Resource, err, "deleting stream %s", name)
}

// Streams lists the names of all streams in order.
func (s *Store) Streams() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(s.streams))
	for name := range s.streams {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Stream finds a stream. An unknown name is a user error that names the nearest.
func (s *Store) Stream(name string) (*Stream, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(name)
}

// find is Stream under s.mu.
func (s *Store) find(name string) (*Stream, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if stream := s.streams[name]; stream != nil {
		return stream, nil
	}
	if err := s.damaged[name]; err != nil {
		return nil, err
	}
	e := errs.Userf("there is no stream %s", name)
	names := make([]string, 0, len(s.streams))
	for n := range s.streams {
		names = append(names, n)
	}
	sort.Strings(names)
	if near := errs.Nearest(name, names); near != "" {
		return nil, e.WithHint("did you mean %s?", near)
	}
	return nil, e.WithHint("CREATE STREAM makes one")
}

func (s *Store) usable() error {
	if s.closed {
		return errs.Resourcef("the shard log was closed")
	}
	return nil
}

// Close waits for writes under way and closes all files. Blocked readers return an
// error.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	s.janitor.Wait()
	s.declaring.Lock()
	defer s.declaring.Unlock()
	var first error
	for _, stream := range s.streams {
		if err := stream.close(false); err != nil && first == nil {
			first = err
		}
	}
	if err := s.lock.Close(); err != nil && first == nil {
		first = errs.Wrap(errs.Resource, err, "unlocking the shard log")
	}
	return first
}

func (s *Store) nowMillis() int64 { return s.options.Now().UnixMilli() }

// arrival is the arrival time of records appended now, after ones that arrived at
// previous: it never goes back.
func (s *Store) arrival(previous int64) int64 { return max(previous, s.nowMillis()) }

// tailMinBytes and tailMaxBytes bound a shard's share of Options.TailBytes.
const (
	tailMinBytes = 64 << 10
	tailMaxBytes = 8 << 20
)

// tailBudget is how many bytes of records a shard keeps in memory.
func (s *Store) tailBudget() int64 {
	return min(max(s.options.TailBytes/max(1, s.shards.Load()), tailMinBytes), tailMaxBytes)
}
