package kinesis

import (
	"bytes"
	"crypto/md5"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// hashKey is the MD5 of a partition key as a number, or a bound of a shard's.
type hashKey [md5.Size]byte

// parseHashKey reads the decimal form.
func parseHashKey(text string) (k hashKey, ok bool) {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 8*len(k) {
		return k, false
	}
	n.FillBytes(k[:])
	return k, true
}

// hashRange are the hash keys of a shard, both ends included.
type hashRange struct{ first, last hashKey }

// parseHashRange reads the decimal forms of the ends.
func parseHashRange(first, last string) (r hashRange, ok bool) {
	var lower, upper bool
	r.first, lower = parseHashKey(first)
	r.last, upper = parseHashKey(last)
	return r, lower && upper
}

func (r *hashRange) has(k hashKey) bool {
	return bytes.Compare(r.first[:], k[:]) <= 0 && bytes.Compare(k[:], r.last[:]) <= 0
}

// decoding turns records into batches, and keeps the place behind what it decoded.
type decoding struct {
	source  *source
	bad     connector.BadRecords
	decoder *keyed.Decoder
	keys    []string
	columns []*column.Column
	// place is behind the last record decoded.
	place split
	// shard are the hash keys that belong to the shard; if not bounded all do.
	shard   hashRange
	bounded bool
	within  []kpl.Record
	// passed tells that records gave no row since the last flush; done counts them all.
	passed bool
	done   int64
}

func newDecoding(s *source, p split, env connector.ReaderEnv) (*decoding, error) {
	decoder, err := s.records.NewDecoder(s.splice.Decoded, env)
	if err != nil {
		return nil, err
	}
	d := &decoding{source: s, bad: env.Bad, decoder: decoder, place: p}
	d.shard, d.bounded = parseHashRange(p.First, p.Last)
	for _, f := range s.splice.Extra {
		d.keys = append(d.keys, s.table.Metadata[f.Name])
		d.columns = append(d.columns, column.New(f.Type, env.Alloc, env.BatchRows))
	}
	return d, nil
}

// add decodes a record, or the records within it from where it was left; whole is
// false when the batch is full before its end.
func (d *decoding) add(r *types.Record) (whole bool, err error) {
	aggregated := false
	if !d.source.keepAggregated {
		d.within, aggregated = kpl.Split(d.within[:0], r.Data)
	}
	if aggregated {
		whole, err = d.addWithin(r)
	} else {
		whole, err = true, d.one(r, []byte(*r.PartitionKey), r.Data, 0)
	}
	if whole && err == nil {
		d.place.Start, d.place.Sequence, d.place.Sub, d.place.Millis = startAfter, *r.SequenceNumber, 0, 0
		d.done++
	}
	return whole, err
}

func (d *decoding) addWithin(r *types.Record) (whole bool, err error) {
	if d.place.Start != startSequence || d.place.Sequence != *r.SequenceNumber {
		d.place.Start, d.place.Sequence, d.place.Sub, d.place.Millis = startSequence, *r.SequenceNumber, 0, 0
	}
	d.passed = d.passed || len(d.within) == 0
	for ; d.place.Sub < len(d.within); d.place.Sub++ {
		if d.decoder.Full() {
			return false, nil
		}
		inner := &d.within[d.place.Sub]
		if !d.mine(inner) {
			d.passed = true
			continue
		}
		if err := d.one(r, inner.Key, inner.Data, d.place.Sub); err != nil {
			return false, err
		}
	}
	return true, nil
}

// mine reports whether a record within another is this shard's: its producer puts
// those again that a reshard led astray.
func (d *decoding) mine(inner *kpl.Record) bool {
	if !d.bounded {
		return true
	}
	k := hashKey(md5.Sum(inner.Key))
	if len(inner.ExplicitHashKey) > 0 {
		var ok bool
		if k, ok = parseHashKey(string(inner.ExplicitHashKey)); !ok {
			return true // it says nothing
		}
	}
	return d.shard.has(k)
}

// one decodes what stands alone, or number sub within another.
func (d *decoding) one(r *types.Record, key, data []byte, sub int) error {
	before := d.decoder.Rows()
	if err := d.decoder.Record(key, data); err != nil {
		if errs.ClassOf(err) == errs.Resource {
			return err
		}
		where := "stream " + d.source.stream + ", " + d.place.Shard + ", sequence " + *r.SequenceNumber
		if err := d.bad.Bad(connector.BadRecord{Where: where, Reason: err.Error(), Raw: data}); err != nil {
			return err
		}
	}
	rows := d.decoder.Rows() - before
	d.passed = d.passed || rows == 0
	for i, c := range d.columns {
		for range rows {
			d.metadata(c, d.keys[i], r, key, sub)
		}
	}
	return nil
}

func (d *decoding) metadata(c *column.Column, name string, r *types.Record, key []byte, sub int) {
	switch name {
	case metaArrival:
		c.Int(r.ApproximateArrivalTimestamp.UnixMilli())
	case metaShard:
		c.String(d.place.Shard)
	case metaSequence:
		c.String(*r.SequenceNumber)
	case metaSub:
		c.Int(int64(sub))
	case metaKey:
		c.Bytes(bytes.ToValidUTF8(key, []byte("\uFFFD")))
	}
}

// flush gives the decoded rows with their metadata.
func (d *decoding) flush() stream.Batch {
	d.passed = false
	extra := make([]arrow.Array, len(d.columns))
	for i, c := range d.columns {
		extra[i] = c.Flush()
	}
	defer func() {
		for _, a := range extra {
			a.Release()
		}
	}()
	return d.source.splice.Join(d.decoder.Flush(), extra)
}

func (d *decoding) free() {
	d.decoder.Close()
	for _, c := range d.columns {
		c.Free()
	}
}
