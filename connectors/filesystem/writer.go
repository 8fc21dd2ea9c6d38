package filesystem

import (
	"context"
	"errors"
	"path/filepath"
	"sort"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// openFilesMax bounds the files that a writer keeps open at once; beyond it the
// one written to the longest ago is ended.
const openFilesMax = 100

// writer writes the files of one task. Invariant: open holds at most one file per
// folder; ended holds the complete, durable files of the epoch.
type writer struct {
	*sink
	env       connector.WriterEnv
	name      partName
	extension string
	codec     string
	parter    *parter
	open      map[string]*part
	ended     []*part
	failed    []*part
	created   int
	clock     int64
	checkedMs int64
	fileBytes int64
	ageMs     int64
	checkMs   int64
}

var _ connector.Writer = (*writer)(nil)

func newWriter(s *sink, env connector.WriterEnv) *writer {
	o := s.table.Options
	codec := s.compression
	if codec == "auto" {
		codec = "none"
	}
	w := &writer{sink: s, env: env, name: partName{env.Job, env.Task, newToken()}, codec: codec, open: map[string]*part{}, parter: newParter(s.layout, env.Alloc),
		fileBytes: o.Bytes("sink.rolling-policy.file-size"),
		ageMs:     o.Duration("sink.rolling-policy.rollover-interval").Milliseconds(),
		checkMs:   o.Duration("sink.rolling-policy.check-interval").Milliseconds()}
	w.extension = s.format.Extension()
	if isRecords(s.format) {
		w.extension += format.CompressionExtension(codec)
	}
	w.checkedMs = s.Connector.clock.NowMillis()
	return w
}

// Write adds the batch's rows to the files of their partitions.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if batch.Rows() == 0 {
		return nil
	}
	if w.mode() == connector.AppendOnly && !batch.AllInserts() {
		return errs.Bugf("table '%s': the sink takes inserts only, and was given a retraction", w.table.Name)
	}
	err := w.parter.split(batch, w.writePart)
	if err == nil {
		err = w.rollByAge()
	}
	return w.wrap(err)
}

// wrap names the table. What the system refuses (a full disk, say) is of class
// resource.
func (w *writer) wrap(err error) error {
	return errs.Wrap(errs.Resource, err, "table '%s': writing into '%s'", w.table.Name, w.path)
}

// writePart adds rows, without partition columns, to the open file of a folder.
func (w *writer) writePart(folder string, rows stream.Batch) error {
	p, ok := w.open[folder]
	if !ok {
		if len(w.open) >= openFilesMax {
			if err := w.endOldest(); err != nil {
				return err
			}
		}
		var err error
		if p, err = w.create(folder); err != nil {
			return err
		}
		w.open[folder] = p
	}
	w.clock++
	p.used = w.clock
	if err := p.write(rows); err != nil {
		return err
	}
	if w.fileBytes > 0 && p.written() >= w.fileBytes {
		return w.end(folder)
	}
	return nil
}

// create begins a file in a folder.
func (w *writer) create(folder string) (*part, error) {
	dir := filepath.Join(w.path, folder)
	if err := durable.MakeDir(w.fs, dir, 0o777); err != nil {
		return nil, err
	}
	name := w.name.temporary(w.created)
	w.created++
	p := &part{folder: folder, name: name, createdMs: w.Connector.clock.NowMillis()}
	return p, p.create(w, filepath.Join(dir, name))
}

// end completes a folder's open file and makes it durable.
func (w *writer) end(folder string) error {
	p := w.open[folder]
	delete(w.open, folder)
	if err := p.end(); err != nil {
		w.failed = append(w.failed, p)
		return err
	}
	w.ended = append(w.ended, p)
	return nil
}

func (w *writer) endOldest() error {
	oldest := ""
	for folder, p := range w.open {
		if o, ok := w.open[oldest]; !ok || p.used < o.used {
			oldest = folder
		}
	}
	return w.end(oldest)
}

// rollByAge ends files that have been open for too long, looking now and then.
func (w *writer) rollByAge() error {
	now := w.Connector.clock.NowMillis()
	if w.ageMs <= 0 || now-w.checkedMs < w.checkMs {
		return nil
	}
	w.checkedMs = now
	for _, folder := range w.folders() {
		if now-w.open[folder].createdMs >= w.ageMs {
			if err := w.end(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// folders lists the folders with an open file, in order.
func (w *writer) folders() []string {
	folders := make([]string, 0, len(w.open))
	for folder := range w.open {
		folders = append(folders, folder)
	}
	sort.Strings(folders)
	return folders
}

// Prepare ends all files and makes them, and their names, durable.
func (w *writer) Prepare(_ context.Context, epoch uint64, last bool) (connector.Prepared, error) {
	for _, folder := range w.folders() {
		if err := w.end(folder); err != nil {
			return connector.Prepared{}, w.wrap(err)
		}
	}
	var prepared connector.Prepared
	dirs := map[string]bool{}
	for n, p := range w.ended {
		b, err := w.committable(p, epoch, n).encode()
		if err != nil {
			return connector.Prepared{}, err
		}
		prepared.Committables = append(prepared.Committables, b)
		dirs[filepath.Join(w.path, p.folder)] = true
	}
	for dir := range dirs {
		if err := durable.SyncDir(w.fs, dir); err != nil {
			return connector.Prepared{}, w.wrap(err)
		}
	}
	w.ended = nil
	if _, overwrites := w.replaced(); !overwrites || !last {
		return prepared, nil
	}
	end, err := committable{Job: w.env.Job, Finish: true}.encode()
	prepared.Committables = append(prepared.Committables, end)
	return prepared, err
}

// committable names the n-th file of an epoch.
func (w *writer) committable(p *part, epoch uint64, n int) committable {
	c := committable{Temporary: filepath.Join(p.folder, p.name), Final: filepath.Join(p.folder, w.name.final(epoch, n, w.extension))}
	if _, overwrites := w.replaced(); overwrites {
		c.Job, c.Final = w.env.Job, stage(c.Final, w.env.Job)
	}
	return c
}

// Close removes what was not prepared.
func (w *writer) Close() error {
	var all error
	for _, p := range w.open {
		all = errors.Join(all, p.abandon())
		w.ended = append(w.ended, p)
	}
	for _, p := range append(w.ended, w.failed...) {
		all = errors.Join(all, w.fs.Remove(filepath.Join(w.path, p.folder, p.name)))
	}
	w.open, w.ended, w.failed = map[string]*part{}, nil, nil
	return w.wrap(all)
}
