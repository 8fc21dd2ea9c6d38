package wasm

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// The layout of a batch between host and module: a head of total length, rows and
// columns; for each column its width and where its null marks, values and bytes lie;
// then these parts. docs/functions.md says it in full.
const (
	headBytes   = 16
	columnBytes = 16
)

// writer lays batches out in memory that it keeps.
type writer struct{ data []byte }

// batch appends a batch of columns.
func (w *writer) batch(cols []arrow.Array, rows int) {
	start := len(w.data)
	w.data = append(w.data, make([]byte, headBytes+columnBytes*len(cols))...)
	for i, col := range cols {
		w.column(start, start+headBytes+columnBytes*i, col, rows)
	}
	w.align()
	head := w.data[start:]
	binary.LittleEndian.PutUint32(head, uint32(len(head)))
	binary.LittleEndian.PutUint32(head[4:], uint32(rows))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(cols)))
}

func (w *writer) align() {
	for len(w.data)%8 != 0 {
		w.data = append(w.data, 0)
	}
}

// part begins a part of the batch at start and notes where, at an offset of data.
func (w *writer) part(start, note int) {
	w.align()
	binary.LittleEndian.PutUint32(w.data[note:], uint32(len(w.data)-start))
}

func (w *writer) column(start, at int, col arrow.Array, rows int) {
	width := widthOf(col.DataType())
	binary.LittleEndian.PutUint32(w.data[at:], uint32(width))
	if col.NullN() > 0 {
		w.part(start, at+4)
		for i := range rows {
			w.data = append(w.data, mark(col.IsNull(i)))
		}
	}
	w.part(start, at+8)
	switch {
	case width == 0:
		w.bytes(start, at, col, rows)
	case col.DataType().ID() == arrow.BOOL:
		for i, b := 0, col.(*array.Boolean); i < rows; i++ {
			w.data = append(w.data, mark(b.Value(i)))
		}
	default:
		data := col.Data()
		w.data = append(w.data, data.Buffers()[1].Bytes()[data.Offset()*width:][:rows*width]...)
	}
}

func (w *writer) bytes(start, at int, col arrow.Array, rows int) {
	if rows == 0 { // Arrow leaves the offsets of no values out
		w.data = append(w.data, 0, 0, 0, 0)
		w.part(start, at+12)
		return
	}
	offsets, data := columns.Offsets(col), columns.Bytes(col)
	first := offsets[0]
	for _, o := range offsets[:rows+1] {
		w.data = binary.LittleEndian.AppendUint32(w.data, uint32(o-first))
	}
	w.part(start, at+12)
	w.data = append(w.data, data[first:offsets[rows]]...)
}

func mark(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// widthOf is the size of a value; 0 for text and bytes.
func widthOf(dt arrow.DataType) int {
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return 1
	case arrow.FixedWidthDataType:
		return dt.Bytes()
	}
	return 0
}

// readBatch copies an answer into columns of the given types. It trusts nothing in it.
func readBatch(data []byte, want []types.Type, alloc memory.Allocator) (cols []arrow.Array, rows int, err error) {
	if len(data) < headBytes+columnBytes*len(want) {
		return nil, 0, errs.Userf("its answer is cut off")
	}
	rows = int(binary.LittleEndian.Uint32(data[4:]))
	if n := int(binary.LittleEndian.Uint32(data[8:])); n != len(want) {
		return nil, 0, errs.Userf("its answer has %d columns, not %d", n, len(want))
	}
	for i, t := range want {
		col, err := readColumn(data, data[headBytes+columnBytes*i:], t, rows, alloc)
		if err != nil {
			release(cols)
			return nil, 0, err
		}
		cols = append(cols, col)
	}
	return cols, rows, nil
}

func release(cols []arrow.Array) {
	for _, c := range cols {
		c.Release()
	}
}

// span gives size bytes of data from an offset.
func span(data []byte, at uint32, size int) ([]byte, error) {
	if size < 0 || uint64(at)+uint64(size) > uint64(len(data)) {
		return nil, errs.Userf("a column of its answer is cut off")
	}
	return data[at:][:size], nil
}

func readColumn(data, place []byte, t types.Type, rows int, alloc memory.Allocator) (arrow.Array, error) {
	dt := t.Arrow()
	width := widthOf(dt)
	entry := func(i int) uint32 { return binary.LittleEndian.Uint32(place[4*i:]) }
	if int(entry(0)) != width {
		return nil, errs.Userf("its answer has values of %d bytes where %s has %d", entry(0), t, width)
	}
	var validity *memory.Buffer
	nulls := 0
	if entry(1) != 0 {
		marks, err := span(data, entry(1), rows)
		if err != nil {
			return nil, err
		}
		validity, nulls = bitmap(marks, 0, alloc)
	}
	buffers, err := readValues(data, entry, t, rows, alloc)
	if err != nil {
		if validity != nil {
			validity.Release()
		}
		return nil, err
	}
	return columns.Make(dt, rows, append([]*memory.Buffer{validity}, buffers...), nil, nulls), nil
}

// bitmap sets a bit for each mark that equals set.
func bitmap(marks []byte, set byte, alloc memory.Allocator) (buf *memory.Buffer, others int) {
	buf = columns.NewBuffer(alloc, (len(marks)+7)/8)
	bits := buf.Bytes()
	clear(bits)
	for i, m := range marks {
		if min(m, 1) == set {
			bits[i>>3] |= 1 << (i & 7)
		} else {
			others++
		}
	}
	return buf, others
}

func readValues(data []byte, entry func(int) uint32, t types.Type, rows int, alloc memory.Allocator) ([]*memory.Buffer, error) {
	width := widthOf(t.Arrow())
	if width == 0 {
		return readBytes(data, entry, t, rows, alloc)
	}
	values, err := span(data, entry(2), rows*width)
	if err != nil {
		return nil, err
	}
	if t.Kind == types.Boolean {
		buf, _ := bitmap(values, 1, alloc)
		return []*memory.Buffer{buf}, nil
	}
	buf := columns.NewBuffer(alloc, rows*width)
	copy(buf.Bytes(), values)
	return []*memory.Buffer{buf}, nil
}

func readBytes(data []byte, entry func(int) uint32, t types.Type, rows int, alloc memory.Allocator) ([]*memory.Buffer, error) {
	raw, err := span(data, entry(2), 4*(rows+1))
	if err != nil {
		return nil, err
	}
	last := uint32(0)
	for i := range rows + 1 {
		end := binary.LittleEndian.Uint32(raw[4*i:])
		if end < last || i == 0 && end != 0 {
			return nil, errs.Userf("the ends of the texts in its answer are out of order")
		}
		last = end
	}
	text, err := span(data, entry(3), int(last))
	if err != nil {
		return nil, err
	}
	if t.IsString() && !utf8.Valid(text) {
		return nil, errs.Userf("a text in its answer is not UTF-8")
	}
	offsets, bytes := columns.NewBuffer(alloc, len(raw)), columns.NewBuffer(alloc, len(text))
	copy(offsets.Bytes(), raw)
	copy(bytes.Bytes(), text)
	return []*memory.Buffer{offsets, bytes}, nil
}
