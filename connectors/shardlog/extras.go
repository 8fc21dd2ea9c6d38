package shardlog

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
)

// extras are the wanted metadata columns of a batch that is being decoded.
type extras struct {
	keys    []string
	columns []*column.Column
	text    []byte
}

func newExtras(s *source, env connector.ReaderEnv) *extras {
	x := &extras{}
	for _, f := range s.splice.Extra {
		x.keys = append(x.keys, s.table.Metadata[f.Name])
		x.columns = append(x.columns, column.New(f.Type, env.Alloc, env.BatchRows))
	}
	return x
}

// add adds the metadata of a record that made rows rows; sub is its number within
// an aggregated one.
func (x *extras) add(e *Entry, sub, rows int) {
	for i, c := range x.columns {
		for range rows {
			switch x.keys[i] {
			case metaShard:
				c.String(string(shardID(e.Sequence.Shard)))
			case metaSequence:
				x.text = e.Sequence.Append(x.text[:0])
				c.Bytes(x.text)
			case metaSub:
				c.Int(int64(sub))
			case metaArrival:
				c.Int(e.ArrivalMillis)
			case metaKey:
				c.Bytes(bytes.ToValidUTF8(e.PartitionKey, []byte("\uFFFD")))
			}
		}
	}
}

// flush gives the columns, owned by the caller.
func (x *extras) flush() []arrow.Array {
	out := make([]arrow.Array, len(x.columns))
	for i, c := range x.columns {
		out[i] = c.Flush()
	}
	return out
}

func (x *extras) free() {
	for _, c := range x.columns {
		c.Free()
	}
}

func release(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}
