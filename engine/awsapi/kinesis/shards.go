package kinesis

import (
	"context"
	"encoding/base64"
	"sort"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// describeShard is a shard in answers. Absent members are those of open shards and
// of shards without parents.
func describeShard(d shardlog.ShardDescription) shard {
	out := shard{ShardId: string(d.ID), HashKeyRange: rangeOf(d),
		SequenceNumberRange: sequenceNumberRange{StartingSequenceNumber: d.Starting.String()}}
	if !d.Ending.IsZero() {
		out.SequenceNumberRange.EndingSequenceNumber = d.Ending.String()
	}
	if len(d.Parents) > 0 {
		out.ParentShardId = string(d.Parents[0])
	}
	if len(d.Parents) > 1 {
		out.AdjacentParentShardId = string(d.Parents[1])
	}
	return out
}

func rangeOf(d shardlog.ShardDescription) hashKeyRange {
	return hashKeyRange{d.FirstHash.String(), d.LastHash.String()}
}

// page gives the shards behind one, at most limit of them.
func page(all []shardlog.ShardDescription, after string, limit int64) (shards []shard, more bool) {
	shards = []shard{}
	at := sort.Search(len(all), func(i int) bool { return string(all[i].ID) > after })
	for _, d := range all[at:] {
		if int64(len(shards)) == limit {
			return shards, true
		}
		shards = append(shards, describeShard(d))
	}
	return shards, false
}

// childrenOf lists the shards that a closed shard went over into.
func childrenOf(all []shardlog.ShardDescription, id shardlog.ShardID) []childShard {
	var out []childShard
	for _, d := range all {
		child := childShard{ShardId: string(d.ID), HashKeyRange: rangeOf(d)}
		mine := false
		for _, p := range d.Parents {
			child.ParentShards = append(child.ParentShards, string(p))
			mine = mine || p == id
		}
		if mine {
			out = append(out, child)
		}
	}
	return out
}

const (
	listShardsDefault = 1000
	tokenLife         = 300 * time.Second
)

// The listings whose answers have pages.
const (
	listingShards    = "ListShards"
	listingStreams   = "ListStreams"
	listingConsumers = "ListStreamConsumers"
	listingChannels  = "ListChannels"
)

// pageToken is where a listing goes on. It stands on its own, so it survives a
// restart.
type pageToken struct {
	Issued int64 `msgpack:"i"`
	// Of is the listing that the token belongs to.
	Of      string `msgpack:"o"`
	Stream  string `msgpack:"s,omitempty"`
	Created int64  `msgpack:"c,omitempty"`
	After   string `msgpack:"a"`
	// Filter is ListShards' filter.
	FilterType string `msgpack:"t,omitempty"`
	FilterID   string `msgpack:"f,omitempty"`
	FilterTime int64  `msgpack:"m,omitempty"`
}

// token encodes a page token, issued now.
func (s *Service) token(t pageToken) string {
	t.Issued = s.options.Now().UnixMilli()
	raw, err := msgpack.Marshal(t)
	if err != nil {
		panic("kinesis: encoding a token: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// readToken decodes a page token of a listing that is still valid.
func (s *Service) readToken(text, of string) (pageToken, error) {
	var t pageToken
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || msgpack.Unmarshal(raw, &t) != nil || t.Of != of {
		return t, invalidArgument("the NextToken is none that %s gave out", of)
	}
	if age := s.options.Now().Sub(time.UnixMilli(t.Issued)); age > tokenLife {
		return t, wire.Errorf(codeExpiredToken, "the NextToken is %s old; it is valid for %s", age.Round(time.Second), tokenLife)
	}
	return t, nil
}

func (s *Service) listShards(_ context.Context, _ wire.Call, in *listShardsInput) (*listShardsOutput, error) {
	token, err := s.shardsFrom(in)
	if err != nil {
		return nil, err
	}
	o, err := s.openReady(token.Stream)
	if err != nil {
		return nil, err
	}
	if token.Created != 0 && token.Created != o.created.UnixMilli() {
		return nil, s.notFound(token.Stream)
	}
	limit := int64(listShardsDefault)
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}
	kept, err := s.filter(o, token)
	if err != nil {
		return nil, err
	}
	shards, more := page(kept, token.After, limit)
	out := &listShardsOutput{Shards: shards}
	if more {
		token.Created, token.After = o.created.UnixMilli(), shards[len(shards)-1].ShardId
		out.NextToken = s.token(token)
	}
	return out, nil
}

// shardsFrom gives where a listing begins. A token excludes everything that it
// holds itself.
func (s *Service) shardsFrom(in *listShardsInput) (pageToken, error) {
	if in.NextToken != nil {
		if in.StreamName != nil || in.StreamARN != nil || in.StreamCreationTimestamp != nil || in.ExclusiveStartShardId != nil {
			return pageToken{}, invalidArgument("NextToken and StreamName, StreamARN, StreamCreationTimestamp or ExclusiveStartShardId cannot be provided together.")
		}
		return s.readToken(*in.NextToken, listingShards)
	}
	name, err := s.name(in.streamRef)
	t := pageToken{Of: listingShards, Stream: name}
	if in.ExclusiveStartShardId != nil {
		t.After = string(shardOf(*in.ExclusiveStartShardId))
	}
	if in.StreamCreationTimestamp != nil {
		t.Created = in.StreamCreationTimestamp.UnixMilli()
	}
	if f := in.ShardFilter; f != nil {
		t.FilterType = *f.Type
		if f.ShardId != nil {
			t.FilterID = string(shardOf(*f.ShardId))
		}
		if f.Timestamp != nil {
			// 0 is none; a time so long ago means the horizon.
			t.FilterTime = max(1, f.Timestamp.UnixMilli())
		}
	}
	return t, err
}
