package kinesis

import (
	"math"

	"github.com/thalweg/thalweg/connectors/shardlog"
)

// filter keeps the shards that a ListShards filter asks for. Times before the horizon
// mean the horizon.
func (s *Service) filter(o *opened, t pageToken) ([]shardlog.ShardDescription, error) {
	now := s.options.Now()
	if err := checkFilter(t, now.UnixMilli()); err != nil {
		return nil, err
	}
	all, err := o.shards()
	if err != nil {
		return nil, s.unlessGone(o.name, o.Stream, err)
	}
	horizon := now.Add(-o.Retention()).UnixMilli()
	keep := keeping(t, horizon, livesOf(all))
	var kept []shardlog.ShardDescription
	for _, d := range all {
		if keep(d) {
			kept = append(kept, d)
		}
	}
	return kept, nil
}

func checkFilter(t pageToken, now int64) error {
	switch t.FilterType {
	case "AFTER_SHARD_ID":
		if t.FilterID == "" {
			return invalidArgument("the shard filter AFTER_SHARD_ID needs a ShardId")
		}
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if t.FilterTime == 0 {
			return invalidArgument("the shard filter %s needs a Timestamp", t.FilterType)
		}
		if t.FilterTime > now {
			return invalidArgument("the shard filter's Timestamp lies in the future")
		}
	}
	return nil
}

// keeping tells which shards a filter that was checked asks for.
func keeping(t pageToken, horizon int64, lives map[shardlog.ShardID]life) func(shardlog.ShardDescription) bool {
	at := max(t.FilterTime, horizon)
	switch t.FilterType {
	case "AFTER_SHARD_ID":
		return func(d shardlog.ShardDescription) bool { return string(d.ID) > t.FilterID }
	case "AT_LATEST":
		return func(d shardlog.ShardDescription) bool { return d.Ending.IsZero() }
	case "AT_TRIM_HORIZON":
		return func(d shardlog.ShardDescription) bool { return lives[d.ID].has(horizon) }
	case "AT_TIMESTAMP":
		return func(d shardlog.ShardDescription) bool { return lives[d.ID].has(at) }
	case "FROM_TIMESTAMP":
		return func(d shardlog.ShardDescription) bool { return lives[d.ID].last >= at }
	}
	return func(shardlog.ShardDescription) bool { return true }
}

// life is when a shard took records, in epoch milliseconds, both ends included. One
// that a scaling opened and closed at once has none: its first lies behind its last.
type life struct{ first, last int64 }

// sinceEver is the first millisecond of a life without a beginning; there is one before
// it.
const sinceEver = math.MinInt64 + 1

func (l life) has(millis int64) bool { return l.first <= millis && millis <= l.last }

// livesOf gives the shards' lives, such that the shards of any millisecond cover all
// hash keys, each once. A shard begins with the millisecond after its parents' last; one
// whose parents are gone, or that never had any, is the first of its keys that can be
// read, at whatever time before its end. An open shard's life has no end.
//
// Shards come by number, so parents before their children.
func livesOf(all []shardlog.ShardDescription) map[shardlog.ShardID]life {
	lives := make(map[shardlog.ShardID]life, len(all))
	for _, d := range all {
		l := life{sinceEver, math.MaxInt64}
		for _, p := range d.Parents {
			if parent, there := lives[p]; there {
				l.first = max(l.first, parent.last+1)
			}
		}
		if !d.Ending.IsZero() {
			// The clock may have gone back since the shard began.
			l.last = max(d.Closed.UnixMilli(), l.first-1)
		}
		lives[d.ID] = l
		// Two parents end together, whatever the clock said of each.
		for _, p := range d.Parents {
			if parent, there := lives[p]; there {
				lives[p] = life{parent.first, l.first - 1}
			}
		}
	}
	return lives
}
