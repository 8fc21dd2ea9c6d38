package kinesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

func (s *Service) putRecord(_ context.Context, _ wire.Call, in *putRecordInput) (*putRecordOutput, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	o, err := s.writable(name)
	if err != nil {
		return nil, err
	}
	entry := putRecordsEntry{in.Data, in.PartitionKey, in.ExplicitHashKey}
	if err := o.check(entry, 0); err != nil {
		return nil, err
	}
	if in.SequenceNumberForOrdering != nil {
		// Numbers grow within a shard anyway; only one that can't be is refused.
		if _, err := shardlog.ParseSequence(*in.SequenceNumberForOrdering); err != nil {
			return nil, invalidArgument("SequenceNumberForOrdering: %s", err)
		}
	}
	if in.DryRun {
		return nil, dryRun()
	}
	results, err := s.append(o, []shardlog.Record{o.record(entry)})
	if results != nil {
		err = results[0].Err
	}
	var full *throttled
	if errors.As(err, &full) {
		return nil, wire.Errorf(codeThroughput, "%s", full)
	}
	if err != nil {
		return nil, s.unlessGone(name, o.stream, err)
	}
	return &putRecordOutput{ShardId: string(results[0].ShardID), SequenceNumber: results[0].Sequence.String(), EncryptionType: o.encryption}, nil
}

func (s *Service) putRecords(_ context.Context, _ wire.Call, in *putRecordsInput) (*putRecordsOutput, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	o, err := s.writable(name)
	if err != nil {
		return nil, err
	}
	total := 0
	records := make([]shardlog.Record, len(in.Records))
	for i, entry := range in.Records {
		if err := o.check(entry, i+1); err != nil {
			return nil, err
		}
		records[i] = o.record(entry)
		total += len(records[i].Data) + len(records[i].PartitionKey)
	}
	if total > s.options.RequestBytes {
		return nil, invalidArgument("Records size exceeds %d bytes limit: the request has %d", s.options.RequestBytes, total)
	}
	if in.DryRun {
		return nil, dryRun()
	}
	results, err := s.append(o, records)
	if err != nil {
		err = s.unlessGone(name, o.stream, err)
	}
	var gone *wire.Error
	if results == nil || errors.As(err, &gone) {
		return nil, err
	}
	return s.putResults(results, o.encryption), nil
}

// putResults answers record by record: a shard that failed fails its own records
// only.
func (s *Service) putResults(results []shardlog.Result, encryption string) *putRecordsOutput {
	out := &putRecordsOutput{Records: make([]putRecordsResult, len(results)), EncryptionType: encryption}
	var sequence []byte
	for i, r := range results {
		if r.Err != nil {
			out.FailedRecordCount++
			var full *throttled
			if errors.As(r.Err, &full) {
				out.Records[i] = putRecordsResult{ErrorCode: codeThroughput, ErrorMessage: full.Error()}
				continue
			}
			out.Records[i] = putRecordsResult{ErrorCode: codeInternal, ErrorMessage: "Internal service failure."}
			s.options.Log.Error("a record could not be appended", "shard", r.ShardID, "error", r.Err)
			continue
		}
		sequence = r.Sequence.Append(sequence[:0])
		out.Records[i] = putRecordsResult{SequenceNumber: string(sequence), ShardId: string(r.ShardID)}
	}
	return out
}

// writableStream is what a write needs of a stream, without a full description.
type writableStream struct {
	stream      *shardlog.Stream
	name        string
	recordBytes int
	autoKeys    bool
	encryption  string
}

func (s *Service) writable(name string) (*writableStream, error) {
	if _, deleting := s.ghost(name); deleting {
		return nil, s.notFound(name)
	}
	st, err := s.stream(name)
	if err != nil {
		return nil, err
	}
	if s.options.Transition > 0 && s.state(name, st.Created()) == stateCreating {
		return nil, s.notFound(name)
	}
	attrs, err := attributesOf(st)
	if err != nil {
		return nil, err
	}
	w := &writableStream{stream: st, name: name, autoKeys: attrs.AutoKeys, recordBytes: int(attrs.recordKiB()) << 10}
	if attrs.KeyID != "" {
		w.encryption = attrs.encryption()
	}
	return w, nil
}

// check checks a record against the stream's limit. Only a stream that spreads
// records itself takes them without a key. number counts a request's records from 1;
// it is 0 for PutRecord.
func (w *writableStream) check(e putRecordsEntry, number int) error {
	size := len(e.Data)
	switch {
	case e.PartitionKey != nil:
		size += len(*e.PartitionKey)
	case !w.autoKeys:
		return missingKey(number)
	}
	if size > w.recordBytes {
		return wire.Errorf(wire.CodeValidation, "1 validation error detected: Value at 'data' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", w.recordBytes)
	}
	if e.ExplicitHashKey != nil {
		if _, err := shardlog.ParseHashKey(*e.ExplicitHashKey); err != nil {
			return invalidArgument("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", *e.ExplicitHashKey)
		}
	}
	return nil
}

func missingKey(number int) error {
	at := "partitionKey"
	if number > 0 {
		at = fmt.Sprintf("records.%d.member.partitionKey", number)
	}
	return wire.Errorf(wire.CodeValidation, "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", at)
}

// record is the entry as the log takes it.
func (w *writableStream) record(e putRecordsEntry) shardlog.Record {
	r := shardlog.Record{Data: e.Data}
	if e.PartitionKey != nil {
		r.PartitionKey = *e.PartitionKey
	}
	switch {
	case w.autoKeys:
		r.ExplicitHashKey = shardlog.HashKey{Hi: rand.Uint64(), Lo: rand.Uint64()}.String()
	case e.ExplicitHashKey != nil:
		r.ExplicitHashKey = *e.ExplicitHashKey
	}
	return r
}

// dryRun is how a request that would succeed is answered when it is only tried.
func dryRun() error {
	return wire.Errorf(codeDryRun, "Request would have succeeded, but DryRun flag is set.")
}
