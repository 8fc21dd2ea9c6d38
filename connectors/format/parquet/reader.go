package parquet

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/rowgroup"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// source is a Parquet file as groups of rows.
type source struct {
	config codec.Config
	file   *file.Reader
	arrow  *pqarrow.FileReader
	// leaves are the columns of the file to read; none when only rows count.
	leaves  []int
	prune   []bound
	records pqarrow.RecordReader
	left    int64 // rows to give of a group without leaves
}

var _ rowgroup.Source = (*source)(nil)

// OpenFile makes a reader of a file.
func (Format) OpenFile(f codec.File, c codec.Config) (_ codec.FileReader, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Corruptionf("the file is broken: %v", p)
		}
	}()
	alloc := libraryAllocator()
	props := parquet.NewReaderProperties(alloc)
	reader, err := file.NewParquetReader(io.NewSectionReader(f, 0, f.SizeBytes), file.WithReadProps(props))
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "not a Parquet file")
	}
	ar, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{BatchSize: int64(max(c.BatchRows, 1))}, alloc)
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "not a Parquet file")
	}
	s := &source{config: c, file: reader, arrow: ar}
	found := 0
	for _, f := range c.Wanted() {
		for i := range ar.Manifest.Fields {
			if field := &ar.Manifest.Fields[i]; field.Field.Name == f.Name {
				s.leaves = appendLeaves(s.leaves, field, f.Type)
				found++
			}
		}
	}
	if found == 0 && len(c.Wanted()) > 0 {
		schema, _ := ar.Schema()
		return nil, errs.Userf("the file has none of the wanted columns %q", c.Wanted().Names()).WithHint("it has %s", fieldNames(schema))
	}
	s.prune = bounds(c.Filters, c.Wanted(), ar.Manifest)
	return rowgroup.New(s, c.Wanted(), c.Alloc), nil
}

func fieldNames(s *arrow.Schema) string {
	names := ""
	for i, f := range s.Fields() {
		if i > 0 {
			names += ", "
		}
		names += f.Name
	}
	return names
}

// appendLeaves adds the leaf columns of a field that type t wants. A ROW none of
// whose fields the file has needs a leaf all the same, to tell where it is NULL.
func appendLeaves(leaves []int, field *pqarrow.SchemaField, t types.Type) []int {
	if len(field.Children) == 0 {
		return append(leaves, field.ColIndex)
	}
	before := len(leaves)
	for i := range field.Children {
		child := &field.Children[i]
		if t.Kind != types.Row {
			leaves = appendAll(leaves, child)
			continue
		}
		if k := t.FieldIndex(child.Field.Name); k >= 0 {
			leaves = appendLeaves(leaves, child, t.Fields[k].Type)
		}
	}
	if len(leaves) == before {
		return appendAll(leaves, field)
	}
	return leaves
}

func appendAll(leaves []int, field *pqarrow.SchemaField) []int {
	if len(field.Children) == 0 {
		return append(leaves, field.ColIndex)
	}
	for i := range field.Children {
		leaves = appendAll(leaves, &field.Children[i])
	}
	return leaves
}

// Groups is the number of row groups.
func (s *source) Groups() int { return s.file.NumRowGroups() }

// GroupRows is the number of rows of a group.
func (s *source) GroupRows(i int) int64 { return s.file.MetaData().RowGroups[i].NumRows }

// Skip reports a group without a matching row, by its statistics.
func (s *source) Skip(i int) bool {
	for _, b := range s.prune {
		if b.excludes(s.file.MetaData().RowGroup(i)) {
			return true
		}
	}
	return false
}

// Open begins a group.
func (s *source) Open(i int) error {
	s.release()
	if len(s.leaves) == 0 {
		s.left = s.GroupRows(i)
		return nil
	}
	records, err := s.arrow.GetRecordReader(context.Background(), s.leaves, []int{i})
	if err != nil {
		return errs.Wrap(errs.Corruption, err, "row group %d", i)
	}
	s.records = records
	return nil
}

// Next gives rows of the group.
func (s *source) Next() (arrow.Record, error) {
	if len(s.leaves) == 0 {
		return s.bare()
	}
	if !s.records.Next() {
		if err := s.records.Err(); err != nil && err != io.EOF {
			return nil, errs.Wrap(errs.Corruption, err, "reading rows")
		}
		return nil, io.EOF
	}
	rec := s.records.Record()
	rec.Retain()
	return rec, nil
}

// bare gives rows without columns.
func (s *source) bare() (arrow.Record, error) {
	if s.left == 0 {
		return nil, io.EOF
	}
	n := min(s.left, int64(s.config.BatchRows))
	s.left -= n
	return array.NewRecord(arrow.NewSchema(nil, nil), nil, n), nil
}

func (s *source) release() {
	if s.records != nil {
		s.records.Release()
		s.records = nil
	}
}

// Close frees everything.
func (s *source) Close() error {
	s.release()
	return s.file.Close()
}
