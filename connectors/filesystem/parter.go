package filesystem

import (
	"path/filepath"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// parter parts batches by their partition keys and takes these columns out.
type parter struct {
	alloc  memory.Allocator
	schema *arrow.Schema
	// stored are the indexes of the columns to write, keys those of the partition
	// keys, whose types and names are partitions.
	stored     []int
	keys       []int
	partitions types.Schema
	nullName   string
	// folders maps the keys' text to their folder; rows are the rows of each
	// folder of a batch, in the order of first.
	folders map[string]*folderRows
	first   []*folderRows
	buf     []byte
}

// folderRows are the rows of one folder in the current batch.
type folderRows struct {
	folder string
	rows   []int32
}

// foldersMax bounds the memory for names of folders.
const foldersMax = 10_000

func newParter(l *layout, alloc memory.Allocator) *parter {
	if alloc == nil {
		alloc = memory.DefaultAllocator
	}
	p := &parter{alloc: alloc, schema: l.stored.Arrow(), partitions: l.partitions, nullName: l.nullName, folders: map[string]*folderRows{}}
	for i, f := range l.table.Schema {
		if !l.isExtra(f.Name) {
			p.stored = append(p.stored, i)
		}
	}
	for _, f := range l.partitions {
		p.keys = append(p.keys, l.table.Schema.Index(f.Name))
	}
	return p
}

// split calls write for each folder with its rows, which are borrowed.
func (p *parter) split(batch stream.Batch, write func(folder string, rows stream.Batch) error) error {
	if len(p.keys) == 0 {
		return write("", batch)
	}
	p.group(batch)
	for _, f := range p.first {
		rows := p.take(batch, f.rows)
		err := write(f.folder, rows)
		rows.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// group finds the folder of each row.
func (p *parter) group(batch stream.Batch) {
	for _, f := range p.first {
		f.rows = f.rows[:0]
	}
	p.first = p.first[:0]
	if len(p.folders) > foldersMax {
		clear(p.folders)
	}
	for row := range batch.Rows() {
		p.buf = p.buf[:0]
		for i, k := range p.keys {
			p.buf = p.appendKey(p.buf, p.partitions[i].Type, batch.Column(k), row)
			p.buf = append(p.buf, 0)
		}
		f, ok := p.folders[string(p.buf)]
		if !ok {
			f = &folderRows{folder: p.folder(p.buf)}
			p.folders[string(p.buf)] = f
		}
		if len(f.rows) == 0 {
			p.first = append(p.first, f)
		}
		f.rows = append(f.rows, int32(row))
	}
}

// folder names the folder of keys, each ended by a zero byte.
func (p *parter) folder(keys []byte) string {
	path := ""
	for _, f := range p.partitions {
		end := 0
		for keys[end] != 0 {
			end++
		}
		path = filepath.Join(path, folderName(f.Name, string(keys[:end])))
		keys = keys[end+1:]
	}
	return path
}

// appendKey appends a key's value as text. An empty text can be no folder's name,
// and becomes what NULL is.
func (p *parter) appendKey(dst []byte, t types.Type, arr arrow.Array, row int) []byte {
	if arr.IsNull(row) {
		return append(dst, p.nullName...)
	}
	switch a := arr.(type) {
	case *array.String:
		if a.Value(row) == "" {
			return append(dst, p.nullName...)
		}
		return append(dst, a.Value(row)...)
	case *array.Timestamp:
		return text.AppendTemporal(dst, int64(a.Value(row)), t, text.SQL)
	case *array.Time32:
		return text.AppendTemporal(dst, int64(a.Value(row)), t, text.SQL)
	case *array.Time64:
		return text.AppendTemporal(dst, int64(a.Value(row)), t, text.SQL)
	case *array.Date32:
		return text.AppendDate(dst, int64(a.Value(row)))
	case *array.Decimal128:
		return text.AppendDecimal(dst, a.Value(row), t.Scale)
	case *array.Int32:
		return strconv.AppendInt(dst, int64(a.Value(row)), 10)
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(row), 10)
	}
	return append(dst, arr.ValueStr(row)...)
}

// take gives the stored columns of some rows, owned by the caller.
func (p *parter) take(batch stream.Batch, rows []int32) stream.Batch {
	cols := make([]arrow.Array, len(p.stored))
	for i, c := range p.stored {
		cols[i] = columns.Take(p.alloc, batch.Column(c), rows)
	}
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, len(rows))
		for i, row := range rows {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(p.schema, cols, len(rows), kinds)
}
