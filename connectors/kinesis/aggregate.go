package kinesis

import (
	"bytes"
	"context"
	"crypto/md5"
	"math/big"
	"slices"
	"sort"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/thalweg/thalweg/connectors/format/kpl"
)

// Rows are packed as the Kinesis Producer Library does it: those whose keys belong to
// one shard go into one record, which is led there by an explicit hash key. Readers
// leave out what is packed in a record of a shard that it doesn't belong to. So where
// the stream was resharded meanwhile, as the answer to a put shows, its shards are
// listed anew and the rows that were led astray are put again.

// packedKey is the partition key of records that hold several rows.
const packedKey = "a"

// shardMap is what is known of a stream's shards.
type shardMap struct {
	// open are those that take records, by their first hash keys.
	open []shardRange
	// all are the open and the closed ones by name.
	all map[string]shardRange
	// anywhere tells that the stream leads records where it likes: then each row belongs to
	// the shard that it came to.
	anywhere bool
}

// shardRange is a shard with the hash keys that belong to it.
type shardRange struct {
	id string
	hashRange
}

// find is the place in open of the shard that a hash key belongs to. While shards are
// being changed one may be missing from the list: then it is any, and what is led astray
// is put again.
func (m *shardMap) find(k hashKey) int {
	return max(0, sort.Search(len(m.open), func(i int) bool { return bytes.Compare(k[:], m.open[i].first[:]) < 0 })-1)
}

// strays are the rows of a packed entry that don't belong to the shard it came to.
func (m *shardMap) strays(e *entry, shard string) (out []entry) {
	if m.anywhere {
		return nil
	}
	actual, known := m.all[shard]
	rows, _ := kpl.Split(nil, e.data)
	for _, row := range rows {
		if !known || !actual.has(md5.Sum(row.Key)) {
			out = append(out, entry{key: string(row.Key), data: row.Data, lane: e.lane})
		}
	}
	return out
}

// know learns the stream's shards if they are not known yet.
func (w *writer) know(ctx context.Context) error {
	if w.shards != nil {
		return nil
	}
	return w.learn(ctx)
}

// learn lists the stream's shards; nothing is packed for those known before.
func (w *writer) learn(ctx context.Context) error {
	m := &shardMap{all: map[string]shardRange{}, anywhere: w.sink.spreads(ctx, w.client)}
	err := w.sink.listShards(ctx, w.client, func(page *kinesis.ListShardsOutput) {
		for _, shard := range page.Shards {
			r := shardRange{id: *shard.ShardId}
			r.hashRange, _ = parseHashRange(*shard.HashKeyRange.StartingHashKey, *shard.HashKeyRange.EndingHashKey)
			m.all[r.id] = r
			if shard.SequenceNumberRange.EndingSequenceNumber == nil {
				m.open = append(m.open, r)
			}
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(m.open, func(a, b shardRange) int { return bytes.Compare(a.first[:], b.first[:]) })
	w.shards, w.groups = m, make([]kpl.Aggregator, max(1, len(m.open)))
	return nil
}

// group packs a row with others of its shard.
func (w *writer) group(key string, data []byte) {
	at := w.shards.find(md5.Sum([]byte(key)))
	g := &w.groups[at]
	if g.Count() > 0 && g.Grown(key, data) > w.sink.aggregateMax {
		w.pack(at)
	}
	g.Add(key, data)
}

// pack makes an entry of what is packed for a shard; a single row stands for itself.
func (w *writer) pack(at int) {
	g := &w.groups[at]
	if g.Count() == 0 {
		return
	}
	single := g.Count() == 1
	key, data := g.Flush()
	e := entry{key: packedKey, data: data, packed: true}
	if at < len(w.shards.open) {
		e.lane = w.shards.open[at].id
	}
	if single {
		rows, _ := kpl.Split(nil, data)
		e.key, e.data, e.packed = key, rows[0].Data, false
	} else {
		sum := md5.Sum([]byte(key))
		e.hashKey = new(big.Int).SetBytes(sum[:]).String()
	}
	w.add(e)
}

func (w *writer) packAll() {
	for at := range w.groups {
		w.pack(at)
	}
}

// regroup packs all that is pending anew, for the shards as they are now.
func (w *writer) regroup() {
	entries := w.pending
	w.pending, w.bytes = nil, 0
	for i := range entries {
		e := &entries[i]
		if !e.packed {
			w.group(e.key, e.data)
			continue
		}
		rows, _ := kpl.Split(nil, e.data)
		for _, row := range rows {
			w.group(string(row.Key), row.Data)
		}
	}
	w.packAll()
}
