package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
	"github.com/thalweg/thalweg/internal/errs"
)

const (
	// onDemandShards is how many shards an on-demand stream starts with.
	onDemandShards   = 4
	defaultRetention = 24 * time.Hour
	// shardLimit is what DescribeLimits answers; nothing enforces it.
	shardLimit = shardlog.MaxShards
	// warmMax is the most throughput that a stream can be warmed up for.
	warmMax             = 200
	onDemandStreamLimit = 50
)

func (s *Service) createStream(_ context.Context, _ wire.Call, in *createStreamInput) (*none, error) {
	name := *in.StreamName
	onDemand := in.StreamModeDetails != nil && *in.StreamModeDetails.StreamMode == "ON_DEMAND"
	shards, err := firstShards(in, onDemand)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	if _, deleting := s.ghost(name); deleting || slices.Contains(s.store.Streams(), name) {
		return nil, s.inUse(name)
	}
	notes := shardlog.Annotations{Tags: in.Tags}
	a := attributes{Version: attributesVersion, AutoKeys: in.RecordDistributionStrategy != nil && *in.RecordDistributionStrategy == "AUTO"}
	if in.WarmThroughputMiBps != nil {
		a.WarmMiBps = *in.WarmThroughputMiBps
	}
	if in.MaxRecordSizeInKiB != nil {
		a.RecordKiB = *in.MaxRecordSizeInKiB
	}
	if err := a.write(&notes); err != nil {
		return nil, err
	}
	err = s.store.Declare(shardlog.Declaration{Name: name, Shards: shards, Retention: defaultRetention, OnDemand: onDemand, Annotations: notes})
	if errors.Is(err, shardlog.ErrExists) {
		return nil, s.inUse(name) // another call made it meanwhile, perhaps to delete it
	}
	return nil, err
}

// firstShards is how many shards a new stream gets.
func firstShards(in *createStreamInput, onDemand bool) (int, error) {
	switch warm := in.WarmThroughputMiBps; {
	case warm != nil && !onDemand:
		return 0, wire.Errorf(wire.CodeValidation, "WarmThroughputMiBps is for streams in ON_DEMAND mode")
	case warm != nil:
		return max(onDemandShards, int(min(*warm, warmMax))), checkWarm(*warm)
	case onDemand:
		return onDemandShards, nil
	case in.ShardCount == nil:
		return 0, wire.Errorf(wire.CodeValidation, "ShardCount is required for a stream in PROVISIONED mode")
	case *in.ShardCount > shardLimit:
		return 0, wire.Errorf(codeLimit, "a stream can't have more than %d shards", shardLimit)
	}
	return int(*in.ShardCount), nil
}

// inUse says that there is a stream of a name.
func (s *Service) inUse(name string) error {
	return wire.Errorf(codeInUse, "Stream %s under account %s already exists.", name, s.options.Account)
}

func (s *Service) deleteStream(_ context.Context, _ wire.Call, in *deleteStreamInput) (*none, error) {
	o, err := s.openRef(in.streamRef)
	if err != nil {
		return nil, err
	}
	if len(o.attrs.Consumers) > 0 && !in.EnforceConsumerDeletion {
		return nil, wire.Errorf(codeInUse, "Stream %s under account %s has %d registered consumers: deregister them or set EnforceConsumerDeletion",
			o.name, s.options.Account, len(o.attrs.Consumers))
	}
	if err := s.haunt(o); err != nil {
		return nil, err
	}
	if err := s.store.DeleteStream(o.name); err != nil {
		s.exorcise(o.name)
		return nil, s.unlessGone(o.name, o.Stream, err)
	}
	for _, c := range o.attrs.Consumers {
		s.endSubscriptions(o.name, c, fmt.Sprintf("Stream %s was deleted", o.name))
	}
	return nil, nil
}

const describeShardsDefault = 100

func (s *Service) describeStream(_ context.Context, call wire.Call, in *describeStreamInput) (*describeStreamOutput, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	if g, deleting := s.ghost(name); deleting {
		return &describeStreamOutput{g.describe(s.streamARN(call, name))}, nil
	}
	o, err := s.open(name)
	if err != nil {
		return nil, err
	}
	d := streamDescription{
		StreamName: name, StreamARN: s.streamARN(call, name), StreamStatus: o.state, StreamModeDetails: modeOf(o.OnDemand()),
		Shards: []shard{}, RetentionPeriodHours: int64(o.Retention() / time.Hour),
		StreamCreationTimestamp: wire.Timestamp{Time: o.created}, EnhancedMonitoring: metrics(o.attrs.Metrics),
		EncryptionType: o.attrs.encryption(), KeyId: o.attrs.KeyID,
	}
	if o.state != stateCreating {
		after, limit := "", int64(describeShardsDefault)
		if in.ExclusiveStartShardId != nil {
			after = string(shardOf(*in.ExclusiveStartShardId))
		}
		if in.Limit != nil {
			limit = *in.Limit
		}
		all, err := o.shards()
		if err != nil {
			return nil, s.unlessGone(o.name, o.Stream, err)
		}
		d.Shards, d.HasMoreShards = page(all, after, limit)
	}
	return &describeStreamOutput{d}, nil
}

// metrics is the form in which answers list the metrics asked for.
func metrics(names []string) []enhancedMetrics {
	return []enhancedMetrics{{ShardLevelMetrics: append([]string{}, names...)}}
}

func (s *Service) describeStreamSummary(_ context.Context, call wire.Call, in *streamRef) (*describeStreamSummaryOutput, error) {
	name, err := s.name(*in)
	if err != nil {
		return nil, err
	}
	if g, deleting := s.ghost(name); deleting {
		return &describeStreamSummaryOutput{g.summary(s.streamARN(call, name))}, nil
	}
	o, err := s.open(name)
	if err != nil {
		return nil, err
	}
	out := &describeStreamSummaryOutput{streamSummary{
		StreamName: o.name, StreamARN: s.streamARN(call, o.name), StreamStatus: o.state, StreamModeDetails: modeOf(o.OnDemand()),
		RetentionPeriodHours: int64(o.Retention() / time.Hour), StreamCreationTimestamp: wire.Timestamp{Time: o.created},
		EnhancedMonitoring: metrics(o.attrs.Metrics), EncryptionType: o.attrs.encryption(), KeyId: o.attrs.KeyID,
		OpenShardCount: int64(o.Open()), ConsumerCount: int64(len(o.attrs.Consumers)), MaxRecordSizeInKiB: o.attrs.recordKiB(),
		RecordDistributionStrategy: o.attrs.distribution(), ChannelCount: int64(len(o.attrs.Channels)),
	}}
	if o.OnDemand() {
		out.StreamDescriptionSummary.WarmThroughput = o.warm()
	}
	return out, nil
}

const listStreamsDefault = 100

func (s *Service) listStreams(_ context.Context, call wire.Call, in *listStreamsInput) (*listStreamsOutput, error) {
	after, limit := "", listStreamsDefault
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	switch {
	case in.NextToken != nil:
		token, err := s.readToken(*in.NextToken, listingStreams)
		if err != nil {
			return nil, err
		}
		after = token.After
	case in.ExclusiveStartStreamName != nil:
		after = *in.ExclusiveStartStreamName
	}
	names := s.store.Streams()
	names = names[sort.Search(len(names), func(i int) bool { return names[i] > after }):]
	out := &listStreamsOutput{StreamNames: []string{}, StreamSummaries: []streamListed{}}
	if len(names) > limit {
		names, out.HasMoreStreams = names[:limit], true
		out.NextToken = s.token(pageToken{Of: listingStreams, After: names[limit-1]})
	}
	for _, name := range names {
		o, err := s.open(name)
		if err != nil {
			continue // deleted meanwhile
		}
		out.StreamNames = append(out.StreamNames, name)
		out.StreamSummaries = append(out.StreamSummaries, streamListed{name, s.streamARN(call, name), o.state, modeOf(o.OnDemand()),
			wire.Timestamp{Time: o.created}})
	}
	return out, nil
}

func (s *Service) describeLimits(context.Context, wire.Call, *none) (*describeLimitsOutput, error) {
	out := &describeLimitsOutput{ShardLimit: shardLimit, OnDemandStreamCountLimit: onDemandStreamLimit, ChannelCountLimit: channelLimit}
	for _, name := range s.store.Streams() {
		o, err := s.open(name)
		if err != nil {
			continue // deleted meanwhile
		}
		out.ChannelCount += int64(len(o.attrs.Channels))
		if o.OnDemand() {
			out.OnDemandStreamCount++
			continue
		}
		out.OpenShardCount += int64(o.Open())
	}
	return out, nil
}

func (s *Service) increaseRetention(_ context.Context, _ wire.Call, in *retentionInput) (*none, error) {
	return nil, s.setRetention(in, func(now, wanted time.Duration) bool { return wanted >= now }, "less")
}

func (s *Service) decreaseRetention(_ context.Context, _ wire.Call, in *retentionInput) (*none, error) {
	return nil, s.setRetention(in, func(now, wanted time.Duration) bool { return wanted <= now }, "more")
}

func (s *Service) setRetention(in *retentionInput, allowed func(now, wanted time.Duration) bool, word string) error {
	o, err := s.openActive(in.streamRef)
	if err != nil {
		return err
	}
	hours := *in.RetentionPeriodHours
	if hours < int64(shardlog.MinRetention/time.Hour) || hours > int64(shardlog.MaxRetention/time.Hour) {
		return invalidArgument("a retention of %d hours is not between 24 and 8760", hours)
	}
	wanted := time.Duration(hours) * time.Hour
	if !allowed(o.Retention(), wanted) {
		return invalidArgument("%d hours are %s than the present retention of %d hours", *in.RetentionPeriodHours, word, o.Retention()/time.Hour)
	}
	if err := s.unlessGone(o.name, o.Stream, o.SetRetention(wanted)); err != nil {
		return err
	}
	s.transition(o.name)
	return nil
}

func (s *Service) enableMonitoring(_ context.Context, call wire.Call, in *monitoringInput) (*monitoringOutput, error) {
	return s.setMonitoring(call, in, func(now, named []string) []string { return append(now, named...) })
}

func (s *Service) disableMonitoring(_ context.Context, call wire.Call, in *monitoringInput) (*monitoringOutput, error) {
	return s.setMonitoring(call, in, func(now, named []string) []string {
		return slices.DeleteFunc(now, func(m string) bool { return slices.Contains(named, m) })
	})
}

// allMetrics is what ALL stands for.
var allMetrics = strings.Fields("IncomingBytes IncomingRecords IteratorAgeMilliseconds OutgoingBytes OutgoingRecords " +
	"ReadProvisionedThroughputExceeded WriteProvisionedThroughputExceeded")

func (s *Service) setMonitoring(call wire.Call, in *monitoringInput, change func(now, named []string) []string) (*monitoringOutput, error) {
	o, err := s.openActive(in.streamRef)
	if err != nil {
		return nil, err
	}
	named := in.ShardLevelMetrics
	if slices.Contains(named, "ALL") {
		named = allMetrics
	}
	out := &monitoringOutput{StreamName: o.name, StreamARN: s.streamARN(call, o.name)}
	return out, s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		out.CurrentShardLevelMetrics = append([]string{}, a.Metrics...)
		a.Metrics = change(slices.Clone(a.Metrics), named)
		slices.Sort(a.Metrics)
		a.Metrics = slices.Compact(a.Metrics)
		out.DesiredShardLevelMetrics = append([]string{}, a.Metrics...)
		return nil
	})
}

func (s *Service) startEncryption(_ context.Context, _ wire.Call, in *encryptionInput) (*none, error) {
	return nil, s.setEncryption(in, *in.KeyId)
}

func (s *Service) stopEncryption(_ context.Context, _ wire.Call, in *encryptionInput) (*none, error) {
	return nil, s.setEncryption(in, "")
}

// setEncryption sets what answers say of encryption; nothing is encrypted.
func (s *Service) setEncryption(in *encryptionInput, key string) error {
	if *in.EncryptionType != "KMS" {
		return invalidArgument("EncryptionType must be KMS")
	}
	o, err := s.openActive(in.streamRef)
	if err != nil {
		return err
	}
	s.transition(o.name)
	return s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.KeyID = key
		return nil
	})
}

func (s *Service) updateMaxRecordSize(_ context.Context, _ wire.Call, in *maxRecordSizeInput) (*none, error) {
	o, err := s.openActive(streamRef{StreamARN: in.StreamARN})
	if err != nil {
		return nil, err
	}
	s.transition(o.name)
	return nil, s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.RecordKiB = *in.MaxRecordSizeInKiB
		return nil
	})
}

// userError tells an error that the caller can mend.
func userError(err error) bool { return err != nil && errs.ClassOf(err) == errs.User }
