package join

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// MultiConfig describes a Multi. Its inputs must be full changelogs, as those of a Join.
type MultiConfig struct {
	// Inputs are at least two: the first, and those that are joined with it one after
	// another.
	Inputs []MultiInput
	// Columns are the output's.
	Columns []MultiColumn
}

// MultiInput is an input of a Multi.
type MultiInput struct {
	// Keys are the columns that must be equal in all inputs, of the same types in the
	// same order.
	Keys []int
	// Left keeps what the inputs before give when this one has no partner, with NULLs
	// in its place. The first input is no Left.
	Left bool
	// Beside are inputs before whose rows a row matches: it has no partner where NULLs
	// stand in place of one.
	Beside []int
	// InsertOnly tells that the input has +I rows alone.
	InsertOnly bool
}

// MultiColumn is a column of an input.
type MultiColumn struct{ Input, Column int }

// Multi joins three inputs or more by one key: what a chain of inner and left joins
// gives, ((0 ⋈ 1) ⋈ 2) …, but only the inputs' rows are kept, not those in between.
//
// Nothing is forgotten: a row that stood alone is known by its partners' input having none.
// Without a Left input it passes the kinds of its input's rows on, else it emits +I and
// -D, as Join does.
type Multi struct {
	cfg    MultiConfig
	ctx    *op.Context
	sides  []*side
	pads   bool // an input is Left
	rows   keyed
	change change
	list   multiList
}

// change is a row that comes or goes, while what follows from it is listed.
type change struct {
	input int
	key   int   // the number of its key
	row   int32 // of the batch
	adds  bool
	// turns tells that the row is the first of its key in a Left input, or was the last:
	// what stood alone before it does no longer, or will.
	turns bool
	// kind is that of the rows listed; there tells of each input whether it has a row
	// in them, and entries which, but for the changed one.
	kind    stream.RowKind
	there   []bool
	entries []state.Entry
	// missing tells of each other input whether it has no row of the key beside the rows
	// that it matches.
	missing []bool
}

var _ op.Operator = (*Multi)(nil)

// NewMulti makes a Multi.
func NewMulti(cfg MultiConfig) (*Multi, error) {
	if len(cfg.Inputs) < 2 || cfg.Inputs[0].Left || len(cfg.Inputs[0].Keys) == 0 {
		return nil, errs.Bugf("a join of %d inputs without a first one, or a key", len(cfg.Inputs))
	}
	m := &Multi{cfg: cfg}
	for i, in := range cfg.Inputs {
		m.pads = m.pads || in.Left
		if len(in.Keys) != len(cfg.Inputs[0].Keys) {
			return nil, errs.Bugf("input %d of a join has %d key columns, the first %d", i, len(in.Keys), len(cfg.Inputs[0].Keys))
		}
		for _, b := range in.Beside {
			if b < 0 || b >= i {
				return nil, errs.Bugf("input %d of a join matches rows of input %d", i, b)
			}
		}
	}
	return m, nil
}

// Open implements op.Operator.
func (m *Multi) Open(ctx *op.Context) error {
	if len(ctx.Inputs) != len(m.cfg.Inputs) {
		return errs.Bugf("%s has %d inputs, not %d", ctx.Label, len(ctx.Inputs), len(m.cfg.Inputs))
	}
	m.ctx = ctx
	for i, in := range m.cfg.Inputs {
		s, err := openSide(ctx, sideSpec{
			id: fmt.Sprintf("input%d", i), input: i, keys: in.Keys, strict: in.Keys,
			// What is appended is not counted by key without a look at what is there.
			appended: in.InsertOnly && !in.Left,
		})
		if err != nil {
			return err
		}
		m.sides = append(m.sides, s)
	}
	n := len(m.sides)
	m.change.there, m.change.missing, m.change.entries = make([]bool, n), make([]bool, n), make([]state.Entry, n)
	m.list.init(m)
	return nil
}

// Process implements op.Operator.
func (m *Multi) Process(input int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	defer m.rows.finish()
	if err := m.find(input, batch); err != nil {
		return err
	}
	m.list.start(out)
	m.change.input = input
	key := 0
	for row := range batch.Rows() {
		m.change.row, m.change.adds = int32(row), batch.Kind(row).Adds()
		m.change.kind = batch.Kind(row)
		if m.pads {
			m.change.kind = signOf(m.change.adds)
		}
		if m.rows.hasNull && m.rows.mask[row] {
			if err := m.alone(); err != nil {
				return err
			}
			continue
		}
		m.change.key, key = key, key+1
		if err := m.apply(); err != nil {
			return err
		}
	}
	m.ctx.Counters.StateRows = 0
	for _, s := range m.sides {
		m.ctx.Counters.StateRows += s.rows
	}
	return m.list.emit()
}

// find brings the keys of a batch into memory, in the tables of all inputs.
func (m *Multi) find(input int, batch stream.Batch) error {
	own := m.sides[input]
	if err := m.rows.read(m.ctx.Alloc, own, batch); err != nil {
		return err
	}
	for i, s := range m.sides {
		if i == input {
			continue
		}
		if err := s.find(&m.rows.keys); err != nil {
			return err
		}
		s.countFirsts()
	}
	return own.prepare(&m.rows)
}

// Advance implements op.Operator.
func (*Multi) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Flush implements op.Operator; nothing is held back.
func (*Multi) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Multi) Close() error { return nil }
