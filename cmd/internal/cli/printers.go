package cli

import (
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/cmd/internal/textable"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// newPrinter makes the printer of --format; kinds adds each row's kind.
func (r runner) newPrinter(rows *engine.Rows, kinds bool) (printer, error) {
	switch r.format {
	case "json":
		encoder, err := format.NewJSONRows(rows.Schema())
		return &jsonPrinter{out: r.stdio.Out, encoder: encoder, kinds: kinds}, err
	case "csv":
		return newCSVPrinter(r.stdio.Out, cells{schema: rows.Schema(), kinds: kinds, csv: true, zone: time.UTC})
	case "arrow":
		return newArrowPrinter(r.stdio.Out, rows.ArrowSchema(), kinds), nil
	}
	return newTablePrinter(r.stdio.Out, cells{schema: rows.Schema(), kinds: kinds, null: "NULL", zone: rows.Zone()}, rows.Bounded()), nil
}

// kindColumn is the name of the column that holds row kinds.
const kindColumn = "op"

// cells turns rows into text.
type cells struct {
	schema types.Schema
	// kinds puts each row's kind first.
	kinds bool
	null  string
	// zone is the one that TIMESTAMP_LTZ is shown in.
	zone *time.Location
	// csv writes moments and bytes as the csv format does: with a Z, and in base64.
	csv bool
}

func (c cells) header() []string {
	names := c.schema.Names()
	if c.kinds {
		names = append([]string{kindColumn}, names...)
	}
	return names
}

func (c cells) row(batch stream.Batch, row int) []string {
	out := make([]string, 0, len(c.schema)+1)
	if c.kinds {
		out = append(out, batch.Kind(row).String())
	}
	for i, f := range c.schema {
		column := batch.Column(i)
		if column.IsNull(row) {
			out = append(out, c.null)
			continue
		}
		text := columns.AppendCell(nil, columns.Cell{Array: column, Type: f.Type, Zone: c.zone}, row)
		switch {
		case c.csv && f.Type.Kind == types.TimestampLTZ:
			text = append(text, 'Z')
		case c.csv && f.Type.IsBinary():
			text = base64.StdEncoding.AppendEncode(nil, text)
		case f.Type.IsBinary():
			// As a literal, and as Flink's client prints them: a terminal may obey raw ones.
			text = fmt.Appendf(nil, "x'%x'", text)
		}
		out = append(out, string(text))
	}
	return out
}

// tablePrinter prints an aligned table. A result that does not end is printed
// batch by batch under one header; columns only grow wider.
type tablePrinter struct {
	cells cells
	// whole gathers all rows before printing.
	whole bool
	table *textable.Table
	rows  [][]string
}

func newTablePrinter(out io.Writer, c cells, whole bool) *tablePrinter {
	var header []textable.Column
	if c.kinds {
		header = append(header, textable.Column{Name: kindColumn})
	}
	for _, f := range c.schema {
		header = append(header, textable.Column{Name: f.Name, Right: f.Type.IsNumeric()})
	}
	return &tablePrinter{cells: c, whole: whole, table: textable.New(out, header)}
}

func (p *tablePrinter) print(batch stream.Batch) error {
	for i := range batch.Rows() {
		p.rows = append(p.rows, p.cells.row(batch, i))
	}
	if p.whole {
		return nil
	}
	return p.flush()
}

func (p *tablePrinter) close() error { return p.flush() }

// flush prints the rows gathered, and the header when it was not printed yet.
func (p *tablePrinter) flush() error {
	err := p.table.Append(p.rows)
	p.rows = p.rows[:0]
	return err
}

// jsonPrinter prints one object a row; with kinds {"op":"+I","row":{…}}.
type jsonPrinter struct {
	out     io.Writer
	encoder *format.JSONRows
	kinds   bool
	lines   []byte
}

func (p *jsonPrinter) print(batch stream.Batch) error {
	lines, ends, err := p.encoder.Append(p.lines[:0], batch)
	p.lines = lines
	if err != nil {
		return err
	}
	if !p.kinds {
		_, err = p.out.Write(lines)
		return err
	}
	start := 0
	for i, end := range ends {
		_, err := fmt.Fprintf(p.out, "{%q:%q,\"row\":%s}\n", kindColumn, batch.Kind(i), lines[start:end-1])
		if err != nil {
			return err
		}
		start = end
	}
	return nil
}

func (p *jsonPrinter) close() error { return nil }

// csvPrinter prints a header and quoted values; NULL is the empty field.
type csvPrinter struct {
	writer *csv.Writer
	cells  cells
}

func newCSVPrinter(out io.Writer, c cells) (*csvPrinter, error) {
	p := &csvPrinter{writer: csv.NewWriter(out), cells: c}
	return p, p.writer.Write(c.header())
}

func (p *csvPrinter) print(batch stream.Batch) error {
	for i := range batch.Rows() {
		if err := p.writer.Write(p.cells.row(batch, i)); err != nil {
			return err
		}
	}
	p.writer.Flush()
	return p.writer.Error()
}

func (p *csvPrinter) close() error {
	p.writer.Flush()
	return p.writer.Error()
}

// arrowPrinter writes an Arrow IPC stream; kinds become a first column of text.
type arrowPrinter struct {
	writer *ipc.Writer
	schema *arrow.Schema
	kinds  bool
}

func newArrowPrinter(out io.Writer, schema *arrow.Schema, kinds bool) *arrowPrinter {
	if kinds {
		fields := append([]arrow.Field{{Name: kindColumn, Type: arrow.BinaryTypes.String}}, schema.Fields()...)
		schema = arrow.NewSchema(fields, nil)
	}
	return &arrowPrinter{writer: ipc.NewWriter(out, ipc.WithSchema(schema)), schema: schema, kinds: kinds}
}

func (p *arrowPrinter) print(batch stream.Batch) error {
	if !p.kinds {
		return p.writer.Write(batch.Record)
	}
	builder := array.NewStringBuilder(memory.DefaultAllocator)
	defer builder.Release()
	for i := range batch.Rows() {
		builder.Append(batch.Kind(i).String())
	}
	kinds := builder.NewArray()
	defer kinds.Release()
	record := array.NewRecord(p.schema, append([]arrow.Array{kinds}, batch.Record.Columns()...), int64(batch.Rows()))
	defer record.Release()
	return p.writer.Write(record)
}

func (p *arrowPrinter) close() error { return p.writer.Close() }
