package nexmark

import (
	"bufio"
	"io"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
)

// WriteNDJSON writes the first events events of a split, one JSON object a line:
// the columns in order, the two that don't apply as null, times as epoch
// milliseconds, `\` and `"` escaped and nothing else. Fewer come out when the
// split ends first. It is the form of the benchmark's golden files.
func WriteNDJSON(w io.Writer, config Config, split Split, events int64) error {
	if err := config.Validate(); err != nil {
		return err
	}
	l, err := newLayout(Schema())
	if err != nil {
		return err
	}
	g := newGenerator(&config, newTables(config.PoolSeed, config.ChannelSeed), split, l)
	out := bufio.NewWriterSize(w, 1<<20)
	var line []byte
	for g.emitted < min(events, split.Limit) {
		batch := g.batch(memory.DefaultAllocator, 4096, events-g.emitted)
		lines := newLineWriter(batch.Record)
		for row := range batch.Rows() {
			line = lines.append(line[:0], row)
			if _, err := out.Write(line); err != nil {
				return errs.Wrap(errs.Resource, err, "writing the Nexmark events")
			}
		}
		batch.Release()
	}
	return errs.Wrap(errs.Resource, out.Flush(), "writing the Nexmark events")
}

// lineWriter prints rows of a record with the whole schema.
type lineWriter struct {
	kinds []int32
	rows  [kindCount][]namedColumn
}

// namedColumn is a field with the text that goes before its value.
type namedColumn struct {
	before string
	ints   []int64
	text   *array.String
}

func newLineWriter(record arrow.Record) *lineWriter {
	w := &lineWriter{kinds: record.Column(0).(*array.Int32).Int32Values()}
	for k := range kindCount {
		s := record.Column(1 + int(k)).(*array.Struct)
		for i, f := range s.DataType().(*arrow.StructType).Fields() {
			c := namedColumn{before: `,"` + f.Name + `":`}
			if i == 0 {
				c.before = `{` + c.before[1:]
			}
			switch a := s.Field(i).(type) {
			case *array.String:
				c.text = a
			case *array.Int64:
				c.ints = a.Int64Values()
			case *array.Timestamp:
				c.ints = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
			}
			w.rows[k] = append(w.rows[k], c)
		}
	}
	return w
}

// append appends row's line to dst.
func (w *lineWriter) append(dst []byte, row int) []byte {
	dst = append(dst, `{"event_type":`...)
	dst = strconv.AppendInt(dst, int64(w.kinds[row]), 10)
	for k := range kindCount {
		dst = append(append(append(dst, `,"`...), k.String()...), `":`...)
		if int32(k) != w.kinds[row] {
			dst = append(dst, "null"...)
			continue
		}
		for i := range w.rows[k] {
			dst = w.rows[k][i].append(dst, row)
		}
		dst = append(dst, '}')
	}
	return append(dst, "}\n"...)
}

func (c *namedColumn) append(dst []byte, row int) []byte {
	dst = append(dst, c.before...)
	if c.text == nil {
		return strconv.AppendInt(dst, c.ints[row], 10)
	}
	dst = append(dst, '"')
	for _, b := range []byte(c.text.Value(row)) {
		if b == '\\' || b == '"' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}
