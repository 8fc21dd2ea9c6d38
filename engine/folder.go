package engine

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Folder applies a changelog and holds the table it describes. Rows keep the order
// in which they came; an update takes its old row's place. One goroutine uses it.
type Folder struct {
	schema  types.Schema
	arrow   *arrow.Schema
	types   []arrow.DataType
	encoder *rowcodec.RowEncoder
	encoded rowcodec.Rows
	cols    []arrow.Array
	// rows are the encoded rows by place; nil where one was taken away.
	rows [][]byte
	// places are the places of each row, the last the one to take away.
	places map[string][]int
	live   int
	// hole is the place of the last -U, for the +U that follows it; -1 for none.
	hole int
}

// NewFolder makes a folder for rows of schema.
func NewFolder(schema types.Schema) (*Folder, error) {
	f := &Folder{schema: schema, arrow: schema.Arrow(), places: map[string][]int{}, hole: -1}
	for _, field := range f.arrow.Fields() {
		f.types = append(f.types, field.Type)
	}
	var err error
	f.encoder, err = rowcodec.NewRowEncoder(f.types)
	f.cols = make([]arrow.Array, len(f.types))
	return f, err
}

// Len is the number of rows now.
func (f *Folder) Len() int { return f.live }

// Add applies a batch, borrowed until the call returns. A row that takes away what
// is not there is a bug of whoever made the changelog.
func (f *Folder) Add(batch stream.Batch) error {
	for i := range f.cols {
		f.cols[i] = batch.Column(i)
	}
	err := f.encoder.Encode(f.cols, batch.Rows(), &f.encoded)
	clear(f.cols)
	if err != nil {
		return err
	}
	for i := range batch.Rows() {
		kind, row := batch.Kind(i), f.encoded.At(i)
		if kind.Adds() {
			f.insert(kind, row)
			continue
		}
		if !f.remove(kind, row) {
			return errs.Bugf("the changelog takes away a row that is not there: %s", stream.FormatRow(batch, i))
		}
	}
	return nil
}

func (f *Folder) insert(kind stream.RowKind, row []byte) {
	place := len(f.rows)
	if kind == stream.UpdateAfter && f.hole >= 0 {
		place = f.hole
	} else {
		f.rows = append(f.rows, nil)
	}
	f.hole = -1
	key := string(row)
	f.rows[place] = []byte(key)
	f.places[key] = append(f.places[key], place)
	f.live++
}

func (f *Folder) remove(kind stream.RowKind, row []byte) bool {
	places := f.places[string(row)]
	if len(places) == 0 {
		return false
	}
	place := places[len(places)-1]
	if len(places) == 1 {
		delete(f.places, string(row))
	} else {
		f.places[string(row)] = places[:len(places)-1]
	}
	f.rows[place] = nil
	f.live--
	f.hole = -1
	if kind == stream.UpdateBefore {
		f.hole = place
	}
	return true
}

// Table is the table now, ordered by keys (and by arrival among equals), as an
// owned batch of inserts.
func (f *Folder) Table(keys []rex.SortKey) (stream.Batch, error) {
	live := make([][]byte, 0, f.live)
	for _, row := range f.rows {
		if row != nil {
			live = append(live, row)
		}
	}
	batch, err := f.decode(live)
	if err != nil || len(keys) == 0 {
		return batch, err
	}
	order, err := f.order(batch, keys)
	batch.Release()
	if err != nil {
		return stream.Batch{}, err
	}
	sorted := make([][]byte, len(order))
	for i, k := range order {
		sorted[i] = live[k]
	}
	return f.decode(sorted)
}

// order sorts the row numbers of batch.
func (f *Folder) order(batch stream.Batch, keys []rex.SortKey) ([]int, error) {
	encoder, err := rowcodec.NewSortEncoder(f.types, keys)
	if err != nil {
		return nil, err
	}
	encoded := make([][]byte, batch.Rows())
	order := make([]int, batch.Rows())
	for i := range encoded {
		encoded[i] = encoder.AppendRow(nil, batch.Record.Columns(), i)
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(encoded[a], encoded[b]) })
	return order, nil
}

// decode makes a batch of encoded rows.
func (f *Folder) decode(rows [][]byte) (stream.Batch, error) {
	decoder, err := rowcodec.NewRowDecoder(f.types)
	if err != nil {
		return stream.Batch{}, err
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, f.arrow)
	defer builder.Release()
	if err := decoder.DecodeAll(rows, builder.Fields()); err != nil {
		return stream.Batch{}, err
	}
	cols := make([]arrow.Array, len(f.types))
	for i := range cols {
		cols[i] = builder.Field(i).NewArray()
	}
	return stream.NewBatch(f.arrow, cols, len(rows), nil), nil
}
