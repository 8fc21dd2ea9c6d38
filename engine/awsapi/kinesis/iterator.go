package kinesis

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// place is what a shard iterator holds: a stream's life, a shard, and the index of
// the next record. It stands on its own, so it survives a restart.
type place struct {
	stream  string
	created int64 // milliseconds, of the stream
	shard   uint32
	next    shardlog.Sequence
	issued  int64 // milliseconds
}

// shardID names the shard.
func (p place) shardID() shardlog.ShardID { return shardlog.ShardIDOf(p.shard) }

// iteratorVersion is the format of tokens: version, issue time, creation of the
// stream, shard and its creation second, index, name, CRC32.
const (
	iteratorVersion    = 1
	iteratorFixedBytes = 1 + 8 + 8 + 4 + 8 + 8
)

// token encodes a place.
func (p place) token() string {
	b := append(make([]byte, 0, iteratorFixedBytes+len(p.stream)+crc32.Size), iteratorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.issued))
	b = binary.BigEndian.AppendUint64(b, uint64(p.created))
	b = binary.BigEndian.AppendUint32(b, p.shard)
	b = binary.BigEndian.AppendUint64(b, uint64(p.next.Created))
	b = binary.BigEndian.AppendUint64(b, p.next.Index)
	b = append(b, p.stream...)
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// readPlace decodes a token that is still valid.
func (s *Service) readPlace(token string) (place, error) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < iteratorFixedBytes+crc32.Size || b[0] != iteratorVersion {
		return place{}, invalidArgument("Invalid ShardIterator.")
	}
	body, sum := b[:len(b)-crc32.Size], b[len(b)-crc32.Size:]
	if binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(body) {
		return place{}, invalidArgument("Invalid ShardIterator.")
	}
	p := place{issued: int64(binary.BigEndian.Uint64(body[1:])), created: int64(binary.BigEndian.Uint64(body[9:])),
		shard: binary.BigEndian.Uint32(body[17:]), stream: string(body[iteratorFixedBytes:])}
	p.next = shardlog.Sequence{Created: int64(binary.BigEndian.Uint64(body[21:])), Index: binary.BigEndian.Uint64(body[29:]), Shard: p.shard}
	now, issued := s.options.Now(), time.UnixMilli(p.issued)
	if age := now.Sub(issued); age >= s.options.IteratorLife {
		return place{}, wire.Errorf(codeExpiredIterator, "Iterator expired. The iterator was created at time %s while right now it is %s "+
			"which is further in the future than the tolerated delay of %d milliseconds.",
			issued.UTC().Format(time.UnixDate), now.UTC().Format(time.UnixDate), s.options.IteratorLife.Milliseconds())
	}
	return p, nil
}

func (s *Service) getShardIterator(_ context.Context, _ wire.Call, in *getShardIteratorInput) (*getShardIteratorOutput, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	o, err := s.openReady(name)
	if err != nil {
		return nil, err
	}
	at, err := s.position(*in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp)
	if err != nil {
		return nil, err
	}
	it, err := s.iterator(o, *in.ShardId, at)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if in.DryRun {
		return nil, dryRun()
	}
	if s.limits != nil && !s.limits.iterator(limitOf(o.name, o.created, it.ShardID())) {
		return nil, wire.Errorf(codeThroughput, "%s", s.throttled(o.name, it.ShardID()))
	}
	return &getShardIteratorOutput{s.placeOf(o, it).token()}, nil
}

// position reads a starting position.
func (s *Service) position(kind string, number *string, at *wire.Timestamp) (shardlog.Position, error) {
	switch kind {
	case "TRIM_HORIZON":
		return shardlog.TrimHorizon(), nil
	case "LATEST":
		return shardlog.Latest(), nil
	case "AT_TIMESTAMP":
		if at == nil {
			return shardlog.Position{}, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.")
		}
		if at.After(s.options.Now()) {
			return shardlog.Position{}, invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
		}
		return shardlog.AtTime(at.Time), nil
	}
	if number == nil {
		return shardlog.Position{}, invalidArgument("Must either specify (1) StartingSequenceNumber or (2) ShardIteratorType AT_TIMESTAMP, LATEST or TRIM_HORIZON.")
	}
	sequence, err := shardlog.ParseSequence(*number)
	if err != nil {
		return shardlog.Position{}, invalidArgument("StartingSequenceNumber: %s", err)
	}
	if kind == "AFTER_SEQUENCE_NUMBER" {
		return shardlog.AfterSequence(sequence), nil
	}
	return shardlog.AtSequence(sequence), nil
}

// iterator opens a shard at a position.
func (s *Service) iterator(o *opened, id string, at shardlog.Position) (*shardlog.Iterator, error) {
	shardID := shardOf(id)
	it, err := o.Iterator(shardID, at)
	if err == nil {
		return it, nil
	}
	if err := s.unlessShardGone(o, shardID, err); !userError(err) {
		return nil, err
	}
	return nil, invalidArgument("%s", err)
}

// unlessShardGone is err, or that a shard does not exist if that is why: it never did, or
// it expired, which may happen while it is read.
func (s *Service) unlessShardGone(o *opened, id shardlog.ShardID, err error) error {
	if err = s.unlessGone(o.name, o.Stream, err); o.Has(id) || err == nil || !userError(err) {
		return err
	}
	return wire.Errorf(codeNotFound, "Shard %s in stream %s under account %s does not exist", id, o.name, s.options.Account)
}

func (s *Service) placeOf(o *opened, it *shardlog.Iterator) place {
	next := it.Position()
	return place{stream: o.name, created: o.created.UnixMilli(), shard: next.Shard, next: next, issued: s.options.Now().UnixMilli()}
}
