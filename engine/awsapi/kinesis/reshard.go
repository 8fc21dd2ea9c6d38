package kinesis

import (
	"context"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// openReshard finds a stream whose shards may be changed by its owner.
func (s *Service) openReshard(r streamRef) (*opened, error) {
	o, err := s.openActive(r)
	if err == nil && o.OnDemand() {
		return nil, wire.Errorf(wire.CodeValidation, "Stream %s is in ON_DEMAND mode: its shards can't be changed by hand", o.name)
	}
	return o, err
}

// reshard runs a change of a stream's shards; the log's refusals are the caller's
// mistakes.
func (s *Service) reshard(o *opened, err error) error {
	if err := s.unlessGone(o.name, o.Stream, err); err != nil {
		if userError(err) {
			return invalidArgument("%s", err)
		}
		return err
	}
	s.transition(o.name)
	return nil
}

func (s *Service) splitShard(_ context.Context, _ wire.Call, in *splitShardInput) (*none, error) {
	o, err := s.openReshard(in.streamRef)
	if err != nil {
		return nil, err
	}
	id, err := s.mustShard(o, *in.ShardToSplit)
	if err != nil {
		return nil, err
	}
	at, err := shardlog.ParseHashKey(*in.NewStartingHashKey)
	if err != nil {
		return nil, invalidArgument("NewStartingHashKey: %s", err)
	}
	return nil, s.reshard(o, o.Split(id, at))
}

func (s *Service) mergeShards(_ context.Context, _ wire.Call, in *mergeShardsInput) (*none, error) {
	o, err := s.openReshard(in.streamRef)
	if err != nil {
		return nil, err
	}
	first, err := s.mustShard(o, *in.ShardToMerge)
	if err != nil {
		return nil, err
	}
	second, err := s.mustShard(o, *in.AdjacentShardToMerge)
	if err != nil {
		return nil, err
	}
	return nil, s.reshard(o, o.Merge(first, second))
}

func (s *Service) updateShardCount(_ context.Context, call wire.Call, in *updateShardCountInput) (*updateShardCountOutput, error) {
	o, err := s.openReshard(in.streamRef)
	if err != nil {
		return nil, err
	}
	current := int64(o.Open())
	target := *in.TargetShardCount
	if target > shardLimit {
		return nil, wire.Errorf(codeLimit, "a stream can't have more than %d shards", shardLimit)
	}
	if target > 2*current || 2*target < current {
		return nil, invalidArgument("UpdateShardCount cannot go beyond double or below half of the current shard count %d: the target is %d", current, target)
	}
	if err := s.reshard(o, o.Scale(int(target))); err != nil {
		return nil, err
	}
	return &updateShardCountOutput{o.name, s.streamARN(call, o.name), current, target}, nil
}

func (s *Service) updateStreamMode(_ context.Context, _ wire.Call, in *updateStreamModeInput) (*none, error) {
	o, err := s.openActive(streamRef{StreamARN: in.StreamARN})
	if err != nil {
		return nil, err
	}
	onDemand := *in.StreamModeDetails.StreamMode == "ON_DEMAND"
	if in.WarmThroughputMiBps != nil && !onDemand {
		return nil, wire.Errorf(wire.CodeValidation, "WarmThroughputMiBps is for streams in ON_DEMAND mode")
	}
	if in.WarmThroughputMiBps != nil {
		if err := checkWarm(*in.WarmThroughputMiBps); err != nil {
			return nil, err
		}
	}
	if err := s.unlessGone(o.name, o.Stream, o.SetOnDemand(onDemand)); err != nil {
		return nil, err
	}
	if in.WarmThroughputMiBps != nil {
		return nil, s.warmUp(o, *in.WarmThroughputMiBps)
	}
	s.transition(o.name)
	return nil, nil
}

// warm is the WarmThroughput of answers: a shard takes a MiB a second.
func (o *opened) warm() *warmThroughput { return &warmThroughput{o.attrs.WarmMiBps, int64(o.Open())} }

func (s *Service) updateWarmThroughput(_ context.Context, call wire.Call, in *warmThroughputInput) (*warmThroughputOutput, error) {
	o, err := s.openActive(in.streamRef)
	if err != nil {
		return nil, err
	}
	if !o.OnDemand() {
		return nil, wire.Errorf(wire.CodeValidation, "Stream %s is not in ON_DEMAND mode", o.name)
	}
	if err := s.warmUp(o, *in.WarmThroughputMiBps); err != nil {
		return nil, err
	}
	warm := warmThroughput{*in.WarmThroughputMiBps, int64(o.Open())}
	return &warmThroughputOutput{o.name, s.streamARN(call, o.name), warm}, nil
}

// warmUp gives a stream the shards for a throughput before the load is there, and keeps
// them while it is not. It takes none away.
func (s *Service) warmUp(o *opened, mibps int64) error {
	if err := checkWarm(mibps); err != nil {
		return err
	}
	if int(mibps) > o.Open() {
		if err := s.reshard(o, o.Scale(int(mibps))); err != nil {
			return err
		}
	}
	if err := s.unlessGone(o.name, o.Stream, o.KeepShards(max(int(mibps), onDemandShards))); err != nil {
		return err
	}
	s.transition(o.name)
	return s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.WarmMiBps = mibps
		return nil
	})
}

func checkWarm(mibps int64) error {
	if mibps > warmMax {
		return wire.Errorf(codeLimit, "a warm throughput of more than %d MiB/s is not possible", warmMax)
	}
	return nil
}

func (s *Service) updateDistribution(_ context.Context, _ wire.Call, in *distributionInput) (*none, error) {
	o, err := s.openActive(streamRef{StreamARN: in.StreamARN})
	if err != nil {
		return nil, err
	}
	s.transition(o.name)
	return nil, s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.AutoKeys = *in.RecordDistributionStrategy == "AUTO"
		return nil
	})
}

// shardOf reads a shard's name, or a short form of it: shard-3, 3.
func shardOf(id string) shardlog.ShardID {
	if number, err := strconv.ParseUint(id[strings.LastIndexByte(id, '-')+1:], 10, 32); err == nil {
		return shardlog.ShardIDOf(uint32(number))
	}
	return shardlog.ShardID(id)
}

// mustShard finds a shard by its name.
func (s *Service) mustShard(o *opened, id string) (shardlog.ShardID, error) {
	shardID := shardOf(id)
	if !o.Has(shardID) {
		return "", wire.Errorf(codeNotFound, "Could not find shard %s in stream %s under account %s.", id, o.name, s.options.Account)
	}
	return shardID, nil
}
