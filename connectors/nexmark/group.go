package nexmark

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// group is the ROW column of one kind while a batch is being written. Rows of
// other kinds are NULL in it: they are blanked lazily, a stretch at a time. All
// fields share one validity bitmap with the ROW.
type group struct {
	dt     arrow.DataType
	fields []*column // in output order
	// by finds a field's column by number; nil when it isn't wanted.
	by [maxFields]*column

	valid  *memory.Buffer // nil while every row is of this kind
	filled int            // rows [0, filled) are written
	count  int            // rows of this kind
}

func newGroup(dt arrow.DataType, kind eventKind, fields []int) *group {
	g := &group{dt: dt}
	for _, f := range fields {
		c := &column{text: isText(kind, f)}
		g.fields = append(g.fields, c)
		g.by[f] = c
	}
	return g
}

// start allocates for up to rows rows, with a bitmap unless alone says that only
// this kind comes.
func (g *group) start(alloc memory.Allocator, rows int, alone bool) {
	g.filled, g.count = 0, 0
	if !alone {
		g.valid = memory.NewResizableBuffer(alloc)
		g.valid.Resize(int(bitutil.BytesForBits(int64(rows))))
		memory.Set(g.valid.Bytes(), 0)
	}
	for _, c := range g.fields {
		c.start(alloc, rows)
	}
}

// own prepares rows [row, row+n) as rows of this kind.
func (g *group) own(row, n int) {
	g.blankTo(row)
	if g.valid != nil {
		bitutil.SetBitsTo(g.valid.Bytes(), int64(row), int64(n), true)
	}
	g.filled = row + n
	g.count += n
}

// blankTo makes rows up to row NULL.
func (g *group) blankTo(row int) {
	if row > g.filled {
		for _, c := range g.fields {
			c.blank(g.filled, row)
		}
		g.filled = row
	}
}

// finish makes the Arrow array of rows rows and gives up the buffers.
func (g *group) finish(rows int) arrow.Array {
	g.blankTo(rows)
	nulls := rows - g.count
	children := make([]arrow.ArrayData, len(g.fields))
	types := g.dt.(*arrow.StructType).Fields()
	for i, c := range g.fields {
		children[i] = c.finish(types[i].Type, rows, g.valid, nulls)
	}
	data := array.NewData(g.dt, rows, []*memory.Buffer{g.valid}, children, nulls, 0)
	defer data.Release()
	for _, c := range children {
		c.Release()
	}
	g.drop()
	return array.NewStructData(data)
}

// drop gives up the buffers.
func (g *group) drop() {
	if g.valid != nil {
		g.valid.Release()
		g.valid = nil
	}
	for _, c := range g.fields {
		c.drop()
	}
}

// ints gives the rows [row, row+n) of a numeric field, or nil.
func (g *group) ints(field, row, n int) []int64 {
	if g == nil || g.by[field] == nil {
		return nil
	}
	return g.by[field].ints[row : row+n]
}

// column gives a field's column, or nil.
func (g *group) column(field int) *column {
	if g == nil {
		return nil
	}
	return g.by[field]
}
