package shardlog

import (
	"errors"
	"sync"

	"github.com/thalweg/thalweg/internal/errs"
)

// Record is a record to append. The log copies it.
type Record struct {
	// PartitionKey chooses the shard by its MD5, unless ExplicitHashKey (decimal)
	// is given.
	PartitionKey    string
	ExplicitHashKey string
	Data            []byte
}

// Result tells where a record is, or why it isn't.
type Result struct {
	ShardID  ShardID
	Sequence Sequence
	Err      error
}

// Append appends records and answers when they are durable: one result per record,
// in order. Records of one shard keep their order and fail or succeed together. A
// request with an invalid record fails as a whole, before anything is written,
// with nil results; otherwise err is the first of the results' errors.
func (s *Store) Append(stream string, records []Record) ([]Result, error) {
	st, err := s.Stream(stream)
	if err != nil {
		return nil, err
	}
	return st.Append(records)
}

// Append is Store.Append for a stream at hand.
func (st *Stream) Append(records []Record) ([]Result, error) {
	for i := range records {
		if err := checkRecord(&records[i]); err != nil {
			return nil, errs.Wrap(errs.User, err, "record %d", i)
		}
	}
	results := make([]Result, len(records))
	parts, err := st.table.Load().divide(records)
	if err != nil {
		return nil, err
	}
	appendAll(parts, results)
	if err := st.appendMoved(records, results); err != nil {
		return nil, err
	}
	return results, firstError(results)
}

// appendAll appends each part to its shard, side by side.
func appendAll(parts []part, results []Result) {
	var others sync.WaitGroup
	for i := 1; i < len(parts); i++ {
		others.Add(1)
		go func() {
			defer others.Done()
			parts[i].append(results)
		}()
	}
	if len(parts) > 0 {
		parts[0].append(results)
	}
	others.Wait()
}

// appendMoved appends the records again that met a shard which was just split or
// merged: none of them was written.
func (st *Stream) appendMoved(records []Record, results []Result) error {
	for {
		var places []int
		for i := range results {
			if errors.Is(results[i].Err, errSealed) {
				places = append(places, i)
			}
		}
		if places == nil {
			return nil
		}
		// The new shards are there when the resharding is over.
		st.resharding.RLock()
		table := st.table.Load()
		st.resharding.RUnlock()
		moved := make([]Record, len(places))
		for i, place := range places {
			moved[i] = records[place]
		}
		parts, err := table.divide(moved)
		if err != nil {
			return err
		}
		again := make([]Result, len(moved))
		appendAll(parts, again)
		for i, place := range places {
			results[place] = again[i]
		}
	}
}

func checkRecord(r *Record) error {
	if len(r.PartitionKey) > maxKeyBytes {
		return errs.Userf("a partition key of %d bytes is too long", len(r.PartitionKey)).WithHint("it has up to %d", maxKeyBytes)
	}
	if size := len(r.PartitionKey) + len(r.Data); size > maxRecordBytes {
		return errs.Userf("a record of %d bytes is too large", size).WithHint("key and data have up to %d bytes", maxRecordBytes)
	}
	return nil
}

func firstError(results []Result) error {
	for i := range results {
		if results[i].Err != nil {
			return results[i].Err
		}
	}
	return nil
}

// part is what an append has for one shard: the records at the given places of the
// request, or all of them when places is nil.
type part struct {
	shard   *shard
	request []Record
	places  []int32
}

// divide sorts records by shard, keeping their order.
func (t *shardTable) divide(records []Record) ([]part, error) {
	if len(t.open) == 1 || len(records) == 0 {
		return []part{{shard: t.open[0].shard, request: records}}[:min(1, len(records))], nil
	}
	shardOf := make([]int32, len(records))
	starts := make([]int32, len(t.open)+1)
	for i := range records {
		key, err := records[i].hash()
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "record %d", i)
		}
		shardOf[i] = int32(t.routeFor(key))
		starts[shardOf[i]+1]++
	}
	var parts []part
	for i := range t.open {
		if starts[i+1] > 0 {
			parts = append(parts, part{shard: t.open[i].shard, request: records})
		}
		starts[i+1] += starts[i]
	}
	places := make([]int32, len(records))
	next := append([]int32(nil), starts...)
	for i, s := range shardOf {
		places[next[s]] = int32(i)
		next[s]++
	}
	used := 0
	for i := range t.open {
		if starts[i+1] > starts[i] {
			parts[used].places = places[starts[i]:starts[i+1]]
			used++
		}
	}
	return parts, nil
}

// Route finds the open shard that a record belongs to at the moment.
func (st *Stream) Route(r *Record) (ShardID, error) {
	t := st.table.Load()
	key, err := r.hash()
	if err != nil {
		return "", err
	}
	return t.open[t.routeFor(key)].shard.id, nil
}

// hash is the record's hash key.
func (r *Record) hash() (HashKey, error) {
	if r.ExplicitHashKey != "" {
		return ParseHashKey(r.ExplicitHashKey)
	}
	return hashOf(r.PartitionKey), nil
}

// len is the number of the part's records, place the place of one in the request.
func (p *part) len() int {
	if p.places == nil {
		return len(p.request)
	}
	return len(p.places)
}

func (p *part) place(i int) int {
	if p.places == nil {
		return i
	}
	return int(p.places[i])
}

// append appends the part's records to its shard and fills in their results.
func (p *part) append(results []Result) {
	at, err := p.shard.append(p)
	for i := range p.len() {
		r := &results[p.place(i)]
		*r = Result{ShardID: p.shard.id, Err: err}
		if err == nil {
			r.Sequence = p.shard.sequence(at.first+uint64(i), at.arrival)
		}
	}
}
