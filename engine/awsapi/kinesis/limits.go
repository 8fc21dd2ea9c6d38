package kinesis

import (
	"sync"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// What Kinesis lets one shard take and give in a second.
const (
	writeBytesPerSecond   = 1 << 20
	writeRecordsPerSecond = 1000
	readBytesPerSecond    = 2 << 20
	readsPerSecond        = 5
	iteratorsPerSecond    = 5
)

const codeThroughput = "ProvisionedThroughputExceededException"

// callsPerSecond are the limits of actions on an account.
var callsPerSecond = map[string]float64{
	"CreateStream": 5, "DeleteStream": 5, "DescribeStream": 10, "DescribeStreamSummary": 20, "DescribeLimits": 1, "ListStreams": 5,
	"ListShards": 1000, "ListStreamConsumers": 5, "RegisterStreamConsumer": 5, "DeregisterStreamConsumer": 5, "DescribeStreamConsumer": 20,
	"AddTagsToStream": 5, "RemoveTagsFromStream": 5, "ListTagsForStream": 5, "IncreaseStreamRetentionPeriod": 5, "DecreaseStreamRetentionPeriod": 5,
	"MergeShards": 5, "SplitShard": 5, "UpdateShardCount": 10, "CreateChannel": 5,
}

// limits hold callers to what Kinesis allows. A nil one allows everything.
type limits struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[limitKey]*bucket
}

// limitKey names what is limited: a shard's writes, an action's calls.
type limitKey struct {
	what    string
	stream  string
	created int64
	shard   shardlog.ShardID
}

// bucket is a second's worth of something. A taker may leave it below zero, and the
// next ones wait until it is above again: so one large read holds up later ones as
// long as it should have taken.
type bucket struct {
	level float64
	at    time.Time
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, buckets: map[limitKey]*bucket{}}
}

// bucketsMax is how many buckets are kept before full ones are dropped: they say
// nothing.
const bucketsMax = 10_000

// fill gives a bucket as it is now; l.mu is held.
func (l *limits) fill(k limitKey, perSecond float64) *bucket {
	now := l.now()
	b := l.buckets[k]
	if b == nil {
		if len(l.buckets) >= bucketsMax {
			for k, b := range l.buckets {
				if now.Sub(b.at) > time.Minute {
					delete(l.buckets, k)
				}
			}
		}
		b = &bucket{perSecond, now}
		l.buckets[k] = b
	}
	b.level = min(perSecond, b.level+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	return b
}

// call takes one call of an action.
func (l *limits) call(action string) error {
	perSecond, limited := callsPerSecond[action]
	if l == nil || !limited {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.fill(limitKey{what: action}, perSecond)
	if b.level < 1 {
		return wire.Errorf(codeLimit, "Rate exceeded for %s: %g calls a second are allowed", action, perSecond)
	}
	b.level--
	return nil
}

// write takes a record for a shard; false when it has no room for it.
func (l *limits) write(k limitKey, bytes int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.what = "write records"
	records := l.fill(k, writeRecordsPerSecond)
	k.what = "write bytes"
	size := l.fill(k, writeBytesPerSecond)
	// A record larger than a second's worth goes when nothing went before it.
	if records.level < 1 || size.level < min(float64(bytes), writeBytesPerSecond) {
		return false
	}
	records.level--
	size.level -= float64(bytes)
	return true
}

// read takes one read of a shard.
func (l *limits) read(k limitKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.what = "reads"
	calls := l.fill(k, readsPerSecond)
	k.what = "read bytes"
	if calls.level < 1 || l.fill(k, readBytesPerSecond).level <= 0 {
		return false
	}
	calls.level--
	return true
}

// iterator takes one new iterator of a shard.
func (l *limits) iterator(k limitKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.what = "iterators"
	b := l.fill(k, iteratorsPerSecond)
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// given counts what a read gave, and tells how long the next one has to wait. who
// is a consumer, or empty for all readers that poll.
func (l *limits) given(k limitKey, who string, bytes int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.what = "read bytes" + who
	b := l.fill(k, readBytesPerSecond)
	b.level -= float64(bytes)
	return time.Duration(max(0, -b.level) / readBytesPerSecond * float64(time.Second))
}

// throttled is why a record was not taken, or a shard not read.
type throttled struct {
	shard   shardlog.ShardID
	stream  string
	account string
}

// Error is in AWS's words.
func (t *throttled) Error() string {
	return "Rate exceeded for shard " + string(t.shard) + " in stream " + t.stream + " under account " + t.account + "."
}

func (s *Service) throttled(stream string, id shardlog.ShardID) *throttled {
	return &throttled{id, stream, s.options.Account}
}

// limitOf is the key of a shard's limits.
func limitOf(stream string, created time.Time, id shardlog.ShardID) limitKey {
	return limitKey{stream: stream, created: created.UnixMilli(), shard: id}
}

// append appends records; those that their shard has no room for get a result that
// says so.
func (s *Service) append(w *writableStream, records []shardlog.Record) ([]shardlog.Result, error) {
	if s.limits == nil {
		return w.stream.Append(records)
	}
	results := make([]shardlog.Result, len(records))
	var allowed []shardlog.Record
	var places []int
	for i := range records {
		id, err := w.stream.Route(&records[i])
		if err != nil {
			return nil, err
		}
		if !s.limits.write(limitOf(w.name, w.stream.Created(), id), len(records[i].PartitionKey)+len(records[i].Data)) {
			results[i] = shardlog.Result{ShardID: id, Err: s.throttled(w.name, id)}
			continue
		}
		allowed, places = append(allowed, records[i]), append(places, i)
	}
	done, err := w.stream.Append(allowed)
	if done == nil && err != nil {
		return nil, err
	}
	for i, place := range places {
		results[place] = done[i]
	}
	return results, err
}
