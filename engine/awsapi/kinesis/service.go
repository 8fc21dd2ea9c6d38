package kinesis

import (
	"log/slog"
	"sync"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// Options tune the service. The zero value means the defaults.
type Options struct {
	// Account is the 12-digit account id in names; 000000000000 if empty.
	Account string
	// Region is the one of calls whose credential names none; us-east-1 if empty.
	Region string
	// Transition is how long streams and consumers stay CREATING, UPDATING and
	// DELETING. At 0 they are ready, or gone, with the answer.
	Transition time.Duration
	// IteratorLife is how long a shard iterator is valid; 5 minutes if 0.
	IteratorLife time.Duration
	// SubscriptionLife is how long one SubscribeToShard call lasts; 5 minutes if 0.
	SubscriptionLife time.Duration
	// Heartbeat is the longest time between two events of a subscription; 5 seconds
	// if 0.
	Heartbeat time.Duration
	// RequestBytes bounds the data of one PutRecords; 10 MiB if 0.
	RequestBytes int
	// Limits hold callers to what AWS lets a shard and an account take; without,
	// there are none.
	Limits bool
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Log takes what goes wrong outside of answers; nil discards it.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.IteratorLife == 0 {
		o.IteratorLife = 5 * time.Minute
	}
	if o.SubscriptionLife == 0 {
		o.SubscriptionLife = 5 * time.Minute
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 5 * time.Second
	}
	if o.RequestBytes == 0 {
		o.RequestBytes = 10 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Service serves the API over one store. Its methods may be called from any
// goroutine.
type Service struct {
	store   *shardlog.Store
	options Options

	// limits is nil without Options.Limits.
	limits *limits
	// settings is held while the account's settings or channels change.
	settings sync.Mutex

	// mu guards what is in transition and who subscribes; it is not held during
	// I/O.
	mu            sync.Mutex
	deleting      map[string]ghost
	busy          map[string]time.Time
	subscriptions map[subscriptionKey]*subscription
}

// New makes the service over a store, which it does not own.
func New(store *shardlog.Store, options Options) *Service {
	s := &Service{store: store, options: options.withDefaults(), deleting: map[string]ghost{},
		busy: map[string]time.Time{}, subscriptions: map[subscriptionKey]*subscription{}}
	if s.options.Limits {
		s.limits = newLimits(s.options.Now)
	}
	return s
}

// Wire gives the service's table of actions.
func (s *Service) Wire() *wire.Service {
	w := wire.NewService("Kinesis_20131202", "kinesis")
	s.streamActions(w)
	s.shardActions(w)
	s.recordActions(w)
	s.consumerActions(w)
	s.tagActions(w)
	s.policyActions(w)
	s.channelActions(w)
	w.Before(s.limits.call)
	return w
}

func (s *Service) streamActions(w *wire.Service) {
	wire.Handle(w, "CreateStream", s.createStream)
	wire.Handle(w, "DeleteStream", s.deleteStream)
	wire.Handle(w, "DescribeStream", s.describeStream)
	wire.Handle(w, "DescribeStreamSummary", s.describeStreamSummary)
	wire.Handle(w, "ListStreams", s.listStreams)
	wire.Handle(w, "DescribeLimits", s.describeLimits)
	wire.Handle(w, "IncreaseStreamRetentionPeriod", s.increaseRetention)
	wire.Handle(w, "DecreaseStreamRetentionPeriod", s.decreaseRetention)
	wire.Handle(w, "EnableEnhancedMonitoring", s.enableMonitoring)
	wire.Handle(w, "DisableEnhancedMonitoring", s.disableMonitoring)
	wire.Handle(w, "StartStreamEncryption", s.startEncryption)
	wire.Handle(w, "StopStreamEncryption", s.stopEncryption)
	wire.Handle(w, "UpdateMaxRecordSize", s.updateMaxRecordSize)
}

func (s *Service) shardActions(w *wire.Service) {
	wire.Handle(w, "ListShards", s.listShards)
	wire.Handle(w, "SplitShard", s.splitShard)
	wire.Handle(w, "MergeShards", s.mergeShards)
	wire.Handle(w, "UpdateShardCount", s.updateShardCount)
	wire.Handle(w, "UpdateStreamMode", s.updateStreamMode)
	wire.Handle(w, "UpdateStreamWarmThroughput", s.updateWarmThroughput)
	wire.Handle(w, "UpdateStreamRecordDistributionStrategy", s.updateDistribution)
}

func (s *Service) channelActions(w *wire.Service) {
	wire.Handle(w, "CreateChannel", s.createChannel)
	wire.Handle(w, "DescribeChannel", s.describeChannel)
	wire.Handle(w, "UpdateChannel", s.updateChannel)
	wire.Handle(w, "DeleteChannel", s.deleteChannel)
	wire.Handle(w, "ListChannels", s.listChannels)
	wire.Handle(w, "DescribeAccountSettings", s.describeAccountSettings)
	wire.Handle(w, "UpdateAccountSettings", s.updateAccountSettings)
}

func (s *Service) recordActions(w *wire.Service) {
	wire.Handle(w, "PutRecord", s.putRecord)
	wire.Handle(w, "PutRecords", s.putRecords)
	wire.Handle(w, "GetShardIterator", s.getShardIterator)
	wire.Handle(w, "GetRecords", s.getRecords)
}

func (s *Service) consumerActions(w *wire.Service) {
	wire.Handle(w, "RegisterStreamConsumer", s.registerConsumer)
	wire.Handle(w, "DeregisterStreamConsumer", s.deregisterConsumer)
	wire.Handle(w, "DescribeStreamConsumer", s.describeConsumer)
	wire.Handle(w, "ListStreamConsumers", s.listConsumers)
	wire.HandleStream(w, "SubscribeToShard", s.subscribe)
}

func (s *Service) tagActions(w *wire.Service) {
	wire.Handle(w, "AddTagsToStream", s.addTags)
	wire.Handle(w, "RemoveTagsFromStream", s.removeTags)
	wire.Handle(w, "ListTagsForStream", s.listTags)
	wire.Handle(w, "TagResource", s.tagResource)
	wire.Handle(w, "UntagResource", s.untagResource)
	wire.Handle(w, "ListTagsForResource", s.listTagsForResource)
}

func (s *Service) policyActions(w *wire.Service) {
	wire.Handle(w, "PutResourcePolicy", s.putPolicy)
	wire.Handle(w, "GetResourcePolicy", s.getPolicy)
	wire.Handle(w, "DeleteResourcePolicy", s.deletePolicy)
}
