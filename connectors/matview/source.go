package matview

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/cockroachdb/pebble/v2"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/smalldb"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// source is the reading side of a view: one split, so that what is read is the view
// as of one commit.
type source struct {
	table   connector.Table
	follow  bool
	columns types.Schema
}

var _ connector.Changing = (*source)(nil)

func newSource(table connector.Table) *source {
	return &source{table: table, follow: table.Options.String(OptionMode) == ModeFollow, columns: table.Schema}
}

// Apply implements connector.Source: whole columns are left out.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	applied := connector.Applied{Filters: make([]bool, len(p.Filters))}
	if p.Columns == nil {
		return applied, nil
	}
	for _, f := range p.Columns {
		if at := s.table.Schema.Index(f.Name); at < 0 || !s.table.Schema[at].Type.Same(f.Type) {
			return applied, nil // a part of a ROW
		}
	}
	s.columns, applied.Columns = p.Columns, true
	return applied, nil
}

// Changes implements connector.Changing.
func (s *source) Changes() connector.SinkMode {
	if s.follow {
		return connector.Retract
	}
	return connector.AppendOnly
}

// Bounded implements connector.Source.
func (s *source) Bounded() bool { return !s.follow }

const positionVersion = 1

// position is where a reader is, and the payload of the split.
type position struct {
	Version int `msgpack:"v"`
	// Commit is the commit that was read, wholly unless Scan is set: then the rows
	// before Row were given of the contents as of Commit.
	Commit uint64 `msgpack:"c"`
	Scan   bool   `msgpack:"s,omitempty"`
	// Row is the row being given; behind Scan, the change of commit Commit+1. Given
	// is how often it was given.
	Row   []byte `msgpack:"r,omitempty"`
	Given uint64 `msgpack:"g,omitempty"`
	// Done tells that nothing follows.
	Done bool `msgpack:"d,omitempty"`
}

func (p *position) encode() []byte {
	b, err := msgpack.Marshal(p)
	if err != nil {
		panic(err) // a struct of plain members
	}
	return b
}

// clone is a copy that does not change with p.
func (p *position) clone() position {
	c := *p
	c.Row = slices.Clone(p.Row)
	return c
}

// Discover implements connector.Source.
func (s *source) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	if len(known) > 0 {
		return nil, nil
	}
	v, err := open(s.table)
	if err != nil {
		return nil, err
	}
	state, _, err := v.now()
	if err != nil {
		return nil, err
	}
	start := position{Version: positionVersion, Commit: state.Commit, Scan: true}
	return []connector.Split{{ID: "all", Payload: start.encode()}}, nil
}

// Open implements connector.Source.
func (s *source) Open(_ context.Context, split connector.Split, at []byte, env connector.ReaderEnv) (connector.Reader, error) {
	if at == nil {
		at = split.Payload
	}
	r := &reader{source: s, env: env, closed: make(chan struct{})}
	if err := msgpack.Unmarshal(at, &r.at); err != nil || r.at.Version != positionVersion {
		return nil, errs.Corruptionf("table '%s': a position can't be read (version %d)", s.table.Name, r.at.Version)
	}
	var err error
	if r.view, err = open(s.table); err != nil {
		return nil, err
	}
	if r.codec, err = rows.NewCodec(s.table.Schema.Arrow()); err != nil {
		return nil, err
	}
	r.schema = s.columns.Arrow()
	for _, f := range s.columns {
		r.pick = append(r.pick, s.table.Schema.Index(f.Name))
	}
	if r.at.Scan {
		r.items, err = r.scan()
	}
	return r, errs.Wrap(errs.Resource, err, "table '%s'", s.table.Name)
}

// items are rows, each some times, in order.
type items interface {
	// next gives the next one; the row is valid until the call after.
	next() (item, bool, error)
	close() error
}

// item is a row to give so often, by its place in the order.
type item struct {
	place  []byte
	row    []byte
	kind   stream.RowKind
	times  uint64
	commit uint64 // of a change
}

// reader reads a view.
type reader struct {
	source *source
	view   *view
	env    connector.ReaderEnv
	codec  *rows.Codec
	schema *arrow.Schema
	pick   []int
	at     position
	items  items // nil between commits
	rest   item  // what of an item did not fit

	// list are the batch's rows, in arena.
	list  [][]byte
	arena []byte
	kinds []stream.RowKind
	adds  bool // all kinds are inserts

	mu     sync.Mutex
	once   sync.Once
	closed chan struct{}
}

var _ connector.Reader = (*reader)(nil)

// Next implements connector.Reader.
func (r *reader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.arena, r.kinds, r.adds = r.list[:0], r.arena[:0], r.kinds[:0], true
	for {
		select {
		case <-r.closed:
			return stream.Batch{}, connector.ErrEndOfSplit
		case <-ctx.Done():
			return stream.Batch{}, ctx.Err()
		default:
		}
		if r.at.Done {
			return stream.Batch{}, connector.ErrEndOfSplit
		}
		end, err := r.fill()
		if err != nil {
			return stream.Batch{}, errs.Wrap(errs.Resource, err, "table '%s'", r.source.table.Name)
		}
		if len(r.list) > 0 || end {
			return r.flush(end)
		}
		state, changed, err := r.view.now()
		if err != nil {
			return stream.Batch{}, errs.Wrap(errs.User, err, "table '%s'", r.source.table.Name)
		}
		if state.Commit > r.at.Commit {
			continue
		}
		select {
		case <-changed:
		case <-wait:
			return stream.Batch{}, nil
		case <-r.closed:
		case <-ctx.Done():
		}
	}
}

// fill lists rows until the batch is full, or there are no more for now; end tells
// that there will be none.
func (r *reader) fill() (end bool, err error) {
	for len(r.list) < r.env.BatchRows {
		if r.items == nil {
			if r.items, err = r.changes(); r.items == nil || err != nil {
				return false, err
			}
		}
		it, ok := r.rest, r.rest.times > 0
		if !ok {
			if it, ok, err = r.items.next(); err != nil {
				return false, err
			}
		}
		if !ok {
			if end, err = r.finish(); end || err != nil {
				return end, err
			}
			continue
		}
		r.take(it)
	}
	return false, nil
}

// take lists an item as often as there is room.
func (r *reader) take(it item) {
	another := r.at.Row == nil || string(it.place) != string(r.at.Row)
	if it.commit > 0 {
		another = another || it.commit != r.at.Commit+1
		r.at.Commit = it.commit - 1
	}
	if another {
		r.at.Row, r.at.Given = append(r.at.Row[:0], it.place...), 0
	}
	start := len(r.arena)
	r.arena = append(r.arena, it.row...)
	n := min(it.times, uint64(r.env.BatchRows-len(r.list)))
	for range n {
		r.list, r.kinds = append(r.list, r.arena[start:len(r.arena):len(r.arena)]), append(r.kinds, it.kind)
	}
	r.adds = r.adds && it.kind == stream.Insert
	r.at.Given += n
	if it.times -= n; it.times > 0 {
		it.row, it.place = slices.Clone(it.row), slices.Clone(it.place)
	}
	r.rest = it
}

// finish ends the items.
func (r *reader) finish() (end bool, err error) {
	scanned := r.at.Scan
	if c, ok := r.items.(*changeItems); ok {
		r.at.Commit = c.last
	}
	err = r.items.close()
	r.items = nil
	r.at.Scan, r.at.Row, r.at.Given = false, nil, 0
	r.at.Done = scanned && !r.source.follow
	return r.at.Done, err
}

// flush gives what was listed.
func (r *reader) flush(end bool) (stream.Batch, error) {
	var err error
	if end {
		err = connector.ErrEndOfSplit
	}
	if len(r.list) == 0 {
		return stream.Batch{}, err
	}
	cols, decodeErr := r.codec.Decode(r.env.Alloc, r.list)
	if decodeErr != nil {
		return stream.Batch{}, errs.Wrap(errs.Corruption, decodeErr, "table '%s'", r.source.table.Name)
	}
	picked := make([]arrow.Array, len(r.pick))
	for i, at := range r.pick {
		picked[i] = cols[at]
		picked[i].Retain()
	}
	for _, c := range cols {
		c.Release()
	}
	var kinds []stream.RowKind
	if !r.adds {
		kinds = slices.Clone(r.kinds)
	}
	return stream.NewBatch(r.schema, picked, len(r.list), kinds), err
}

// Position implements connector.Reader.
func (r *reader) Position() []byte { return r.at.encode() }

// Lag implements connector.Reader.
func (r *reader) Lag() connector.Lag { return connector.Lag{Rows: -1, Millis: -1, Total: -1} }

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.once.Do(func() { close(r.closed) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items == nil {
		return nil
	}
	err := r.items.close()
	r.items = nil
	return errs.Wrap(errs.Resource, err, "close a materialized view")
}

// changes reads the commits since the reader's, or nil if there are none.
func (r *reader) changes() (items, error) {
	state, snapshot, err := r.view.snapshot()
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	if state.Commit <= r.at.Commit {
		return nil, nil
	}
	if err := r.kept(state); err != nil {
		return nil, err
	}
	from := changeKey(r.view.id, r.at.Commit+1, false)
	from = append(from[:len(from)-1], r.at.Row...)
	iter, err := snapshot.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: changeKey(r.view.id, state.Commit+1, false)})
	if err != nil {
		return nil, smalldb.Classify(err, "read a materialized view")
	}
	return &changeItems{iter: iter, last: state.Commit, resume: r.at.clone()}, nil
}

// kept checks that the changes since the reader's commit are there.
func (r *reader) kept(state viewState) error {
	if state.Trimmed > r.at.Commit {
		return errs.Userf("the view's changes since the last checkpoint are not kept any more: that is %s ago", Retention).
			WithHint("start the job that reads it anew, without its state")
	}
	return nil
}

// changeItems are the changes of commits up to last.
type changeItems struct {
	iter    *pebble.Iterator
	started bool
	last    uint64
	resume  position
}

// changeHead is what stands before commit, kind and row.
const changeHead = 1 + 8

func (c *changeItems) next() (item, bool, error) {
	ok := false
	if c.started {
		ok = c.iter.Next()
	} else {
		ok, c.started = c.iter.First(), true
	}
	if !ok {
		return item{}, false, c.iter.Error()
	}
	k := c.iter.Key()[changeHead:]
	it := item{commit: binary.BigEndian.Uint64(k), place: k[8:], row: k[9:], kind: stream.Delete}
	if k[8] == 1 {
		it.kind = stream.Insert
	}
	it.times, _ = binary.Uvarint(c.iter.Value())
	if it.commit == c.resume.Commit+1 && c.resume.Row != nil && string(it.place) == string(c.resume.Row) {
		it.times -= min(it.times, c.resume.Given)
		if it.times == 0 {
			return c.next()
		}
	}
	return it, true, nil
}

func (c *changeItems) close() error { return c.iter.Close() }

// scan reads the contents as of the reader's commit, from its row on: those of now
// without what changed since.
func (r *reader) scan() (items, error) {
	state, snapshot, err := r.view.snapshot()
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	if err := r.kept(state); err != nil {
		return nil, err
	}
	undo := map[string]int64{}
	changes, err := snapshot.NewIter(&pebble.IterOptions{
		LowerBound: changeKey(r.view.id, r.at.Commit+1, false), UpperBound: changeKey(r.view.id, state.Commit+1, false)})
	if err != nil {
		return nil, smalldb.Classify(err, "read a materialized view")
	}
	for ok := changes.First(); ok; ok = changes.Next() {
		k := changes.Key()[changeHead+8:]
		n, _ := binary.Uvarint(changes.Value())
		if row := string(k[1:]); row >= string(r.at.Row) {
			undo[row] += (1 - 2*int64(k[0])) * int64(n)
		}
	}
	from := append(key(kindRow, r.view.id), r.at.Row...)
	iter, iterErr := snapshot.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(key(kindRow, r.view.id))})
	if err := errors.Join(changes.Close(), iterErr); err != nil {
		return nil, smalldb.Classify(err, "read a materialized view")
	}
	return &scanItems{iter: iter, more: iter.First(), undo: undo, rows: slices.Sorted(maps.Keys(undo)), resume: r.at.clone()}, nil
}

// scanItems are the rows there were at some commit.
type scanItems struct {
	iter *pebble.Iterator
	more bool
	// undo is what has to be added to the present counts; rows are its keys in order,
	// those not passed yet.
	undo   map[string]int64
	rows   []string
	resume position
	row    []byte
}

// rowHead is what stands before the row.
const rowHead = 1 + 8

func (s *scanItems) next() (item, bool, error) {
	for s.more || len(s.rows) > 0 {
		var count int64
		if s.more && (len(s.rows) == 0 || string(s.iter.Key()[rowHead:]) <= s.rows[0]) {
			s.row = append(s.row[:0], s.iter.Key()[rowHead:]...)
			count, _ = binary.Varint(s.iter.Value())
			s.more = s.iter.Next()
		} else {
			s.row = append(s.row[:0], s.rows[0]...)
		}
		if len(s.rows) > 0 && s.rows[0] == string(s.row) {
			count += s.undo[s.rows[0]]
			s.rows = s.rows[1:]
		}
		if s.resume.Row != nil && string(s.resume.Row) == string(s.row) {
			count -= int64(s.resume.Given)
		}
		if count > 0 {
			return item{place: s.row, row: s.row, times: uint64(count), kind: stream.Insert}, true, nil
		}
	}
	return item{}, false, s.iter.Error()
}

func (s *scanItems) close() error { return s.iter.Close() }
