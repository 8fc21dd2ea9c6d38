package shardlog

import (
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
	if len(st.open) == 1 {
		st.appendTo(st.open[0].shard, records, nil, results)
		return results, firstError(results)
	}
	parts, err := st.divide(records)
	if err != nil {
		return nil, err
	}
	var others sync.WaitGroup
	for i := 1; i < len(parts); i++ {
		others.Add(1)
		go func() {
			defer others.Done()
			st.appendTo(parts[i].shard, parts[i].records, parts[i].places, results)
		}()
	}
	if len(parts) > 0 {
		st.appendTo(parts[0].shard, parts[0].records, parts[0].places, results)
	}
	others.Wait()
	return results, firstError(results)
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

// part is what an append has for one shard, with the records' places in the
// request.
type part struct {
	shard   *shard
	records []Record
	places  []int
}

// divide sorts records by shard.
func (st *Stream) divide(records []Record) ([]*part, error) {
	var parts []*part
	byShard := map[*shard]*part{}
	for i := range records {
		key, err := records[i].hash()
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "record %d", i)
		}
		s := st.shardFor(key)
		p := byShard[s]
		if p == nil {
			p = &part{shard: s}
			byShard[s] = p
			parts = append(parts, p)
		}
		p.records = append(p.records, records[i])
		p.places = append(p.places, i)
	}
	return parts, nil
}

// hash is the record's hash key.
func (r *Record) hash() (HashKey, error) {
	if r.ExplicitHashKey != "" {
		return ParseHashKey(r.ExplicitHashKey)
	}
	return hashOf(r.PartitionKey), nil
}

// appendTo appends records to a shard and fills in their results; nil places means
// that they are the whole request.
func (st *Stream) appendTo(s *shard, records []Record, places []int, results []Result) {
	if len(records) == 0 {
		return
	}
	bytes := 0
	for i := range records {
		bytes += recordBytes(records[i].PartitionKey, records[i].Data)
	}
	at, err := s.append(records, bytes)
	for i := range records {
		to := i
		if places != nil {
			to = places[i]
		}
		results[to] = Result{ShardID: s.id, Err: err}
		if err == nil {
			results[to].Sequence = s.sequence(at.first+uint64(i), at.arrival)
		}
	}
}
