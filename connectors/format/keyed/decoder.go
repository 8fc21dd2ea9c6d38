package keyed

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Decoder turns keys and values into columns. One goroutine uses it.
type Decoder struct {
	value codec.Decoder
	// key is nil without columns in keys; then the rest is unused.
	key    codec.Decoder
	upsert bool
	alloc  memory.Allocator
	schema *arrow.Schema
	from   []origin
	// keyRows and valueRows say, for each pending row, which decoded key and value
	// make it; -1 is no value.
	keyRows, valueRows []int32
	deletes            int
}

// origin is where a wanted column comes from.
type origin struct {
	key bool
	at  int
}

// NewDecoder makes a decoder of the wanted ones of the stored columns.
func (l *Layout) NewDecoder(wanted types.Schema, env connector.ReaderEnv) (*Decoder, error) {
	d := &Decoder{upsert: l.Upsert, alloc: env.Alloc, schema: wanted.Arrow()}
	keyColumns, valueColumns := types.Schema{}, types.Schema{}
	for _, f := range wanted {
		at := l.stored.Index(f.Name)
		if k := l.keyIndex(at); k >= 0 {
			d.from = append(d.from, origin{true, len(keyColumns)})
			f.Name = l.key.schema[k].Name
			keyColumns = append(keyColumns, f)
			continue
		}
		d.from = append(d.from, origin{false, len(valueColumns)})
		valueColumns = append(valueColumns, f)
	}
	var err error
	if d.value, err = l.value.decoder(valueColumns, env); err != nil || l.key == nil {
		return d, err
	}
	// Decoders give columns in the order of their schema, the key's own.
	d.sortKey(keyColumns, l.key.schema)
	if d.key, err = l.key.decoder(keyColumns, env); err != nil {
		d.value.Close()
		return nil, err
	}
	return d, nil
}

// sortKey brings the wanted columns of the key into its order.
func (d *Decoder) sortKey(wanted, schema types.Schema) {
	names := wanted.Names()
	slices.SortFunc(wanted, func(a, b types.Field) int { return schema.Index(a.Name) - schema.Index(b.Name) })
	for i, o := range d.from {
		if o.key {
			d.from[i].at = wanted.Index(names[o.at])
		}
	}
}

// keyIndex is the place in the key of a stored column, or -1.
func (l *Layout) keyIndex(stored int) int {
	if l.key == nil {
		return -1
	}
	return slices.Index(l.key.at, stored)
}

func (p *part) decoder(wanted types.Schema, env connector.ReaderEnv) (codec.Decoder, error) {
	return p.format.NewDecoder(codec.Config{
		Schema: p.schema, Columns: wanted, Metadata: p.around, Options: p.options, Context: env.Context, Alloc: env.Alloc, BatchRows: env.BatchRows,
	})
}

// Record decodes a message and its key, as codec.Decoder does one message.
func (d *Decoder) Record(key, value []byte) error {
	if d.key == nil {
		return d.value.Record(value)
	}
	atKey, atValue := d.key.Rows(), d.value.Rows()
	if err := d.key.Record(key); err != nil {
		return errs.Wrap(errs.User, err, "the key")
	}
	switch n := d.key.Rows() - atKey; {
	case n == 0:
		return nil // the format was told to leave such ones out
	case n > 1:
		return errs.Userf("the key holds %d rows", n)
	}
	if d.upsert && len(value) == 0 {
		d.add(atKey, -1)
		d.deletes++
		return nil
	}
	if err := d.value.Record(value); err != nil {
		return err
	}
	for row := atValue; row < d.value.Rows(); row++ {
		d.add(atKey, row)
	}
	return nil
}

func (d *Decoder) add(key, value int) {
	d.keyRows, d.valueRows = append(d.keyRows, int32(key)), append(d.valueRows, int32(value))
}

// Rows is the number of pending rows.
func (d *Decoder) Rows() int {
	if d.key == nil {
		return d.value.Rows()
	}
	return len(d.keyRows)
}

// Full reports that the batch should be flushed before going on.
func (d *Decoder) Full() bool {
	return d.value.Full() || d.key != nil && d.key.Full()
}

// Flush gives the pending rows, owned by the caller.
func (d *Decoder) Flush() stream.Batch {
	values := d.value.Flush()
	if d.key == nil {
		return values
	}
	keys := d.key.Flush()
	defer keys.Release()
	defer values.Release()
	rows := len(d.keyRows)
	sameKeys, sameValues := straight(d.keyRows, keys.Rows()), straight(d.valueRows, values.Rows())
	cols := make([]arrow.Array, len(d.from))
	for i, o := range d.from {
		batch, sel, same := values, d.valueRows, sameValues
		if o.key {
			batch, sel, same = keys, d.keyRows, sameKeys
		}
		if same {
			cols[i] = batch.Column(o.at)
			cols[i].Retain()
			continue
		}
		cols[i] = columns.TakeOrNull(d.alloc, batch.Column(o.at), sel)
	}
	kinds := d.kinds(values)
	d.keyRows, d.valueRows, d.deletes = d.keyRows[:0], d.valueRows[:0], 0
	return stream.NewBatch(d.schema, cols, rows, kinds)
}

// straight reports that sel lists all rows in order.
func straight(sel []int32, rows int) bool {
	if len(sel) != rows {
		return false
	}
	for i, at := range sel {
		if int(at) != i {
			return false
		}
	}
	return true
}

// kinds are the pending rows' kinds; nil for inserts only.
func (d *Decoder) kinds(values stream.Batch) []stream.RowKind {
	if d.deletes == 0 && values.Kinds == nil {
		return nil
	}
	kinds := make([]stream.RowKind, len(d.valueRows))
	for i, at := range d.valueRows {
		if at < 0 {
			kinds[i] = stream.Delete
		} else {
			kinds[i] = values.Kind(int(at))
		}
	}
	return kinds
}

// Close frees everything.
func (d *Decoder) Close() {
	d.value.Close()
	if d.key != nil {
		d.key.Close()
	}
}
