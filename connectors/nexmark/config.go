package nexmark

import (
	"math"

	"github.com/thalweg/thalweg/internal/errs"
)

// Config is everything that decides what is generated, apart from the split.
// Start from DefaultConfig.
type Config struct {
	// EventsPerSecond is the rate in event time, over all splits.
	EventsPerSecond int64
	// BaseTimeMillis is the epoch time of event number 0.
	BaseTimeMillis int64
	// Events is the total over all splits; 0 means practically unlimited.
	Events int64
	// StopAt ends the stream early, after so many events over all splits; negative
	// means never.
	StopAt int64

	// The share of each kind in an epoch of events.
	PersonProportion  int64
	AuctionProportion int64
	BidProportion     int64

	// The average size of an event of each kind, which `extra` is made for.
	PersonBytes  int
	AuctionBytes int
	BidBytes     int

	// The hot item is taken with probability 1 - 1/ratio.
	HotAuctionRatio int32
	HotSellerRatio  int32
	HotBidderRatio  int32

	// References go to so many of the last auctions and persons.
	InFlightAuctions int64
	ActivePeople     int64
	// OutOfOrderGroupSize permutes events within groups of so many; 1 keeps order.
	OutOfOrderGroupSize int64

	PoolSeed    int64
	ChannelSeed int64
	EventSeed   int64
}

// DefaultConfig is the benchmark's standard configuration with our base time and
// seeds.
func DefaultConfig() Config {
	return Config{
		EventsPerSecond: 10_000, BaseTimeMillis: 1_436_918_400_000, StopAt: -1,
		PersonProportion: 1, AuctionProportion: 3, BidProportion: 46,
		PersonBytes: 200, AuctionBytes: 500, BidBytes: 100,
		HotAuctionRatio: 2, HotSellerRatio: 4, HotBidderRatio: 4,
		InFlightAuctions: 100, ActivePeople: 1000, OutOfOrderGroupSize: 1,
		PoolSeed: 1, ChannelSeed: 2, EventSeed: 3,
	}
}

// maxEventBytes keeps one event far below what a batch's text column can hold.
const maxEventBytes = 64 << 20

// maxCount bounds proportions, ratios and populations so that ids can't overflow.
const maxCount = 1 << 30

// Validate reports the first setting that makes no sense, as a user error.
func (c *Config) Validate() error {
	checks := []struct {
		name     string
		value    int64
		min, max int64
	}{
		{"first-event.rate", c.EventsPerSecond, 1, math.MaxInt32},
		{"events.num", c.Events, 0, math.MaxInt64},
		{"person.proportion", c.PersonProportion, 0, maxCount},
		{"auction.proportion", c.AuctionProportion, 0, maxCount},
		{"bid.proportion", c.BidProportion, 0, maxCount},
		{"person.avg-size", int64(c.PersonBytes), 0, maxEventBytes},
		{"auction.avg-size", int64(c.AuctionBytes), 0, maxEventBytes},
		{"bid.avg-size", int64(c.BidBytes), 0, maxEventBytes},
		{"bid.hot-ratio.auctions", int64(c.HotAuctionRatio), 1, maxCount},
		{"auction.hot-ratio.sellers", int64(c.HotSellerRatio), 1, maxCount},
		{"bid.hot-ratio.bidders", int64(c.HotBidderRatio), 1, maxCount},
		{"in-flight auctions", c.InFlightAuctions, 1, maxCount},
		{"active people", c.ActivePeople, 1, maxCount},
		{"out-of-order group size", c.OutOfOrderGroupSize, 1, maxCount},
	}
	for _, k := range checks {
		if k.value < k.min || k.value > k.max {
			return errs.Userf("nexmark: %s is %d, must be between %d and %d", k.name, k.value, k.min, k.max)
		}
	}
	if c.epoch() == 0 {
		return errs.Userf("nexmark: all three proportions are 0").
			WithHint("make person.proportion, auction.proportion or bid.proportion positive")
	}
	return nil
}

// epoch is the number of events after which the kinds repeat.
func (c *Config) epoch() int64 {
	return c.PersonProportion + c.AuctionProportion + c.BidProportion
}

// unlimited is the number of events that stands for "no limit".
func (c *Config) unlimited() int64 {
	size := max(c.PersonBytes, c.AuctionBytes, c.BidBytes, 1)
	return math.MaxInt64 / (c.epoch() * int64(size))
}

// limited reports whether the stream ends by itself.
func (c *Config) limited() bool { return c.Events > 0 || c.StopAt >= 0 }

// Split says which part of the stream a generator makes.
type Split struct {
	// Index of Count splits; the count also stretches the time between events.
	Index int `msgpack:"i"`
	Count int `msgpack:"n"`
	// FirstEventID and FirstEventNumber are where counting starts.
	FirstEventID     int64 `msgpack:"f"`
	FirstEventNumber int64 `msgpack:"k"`
	// Limit is the number of events; math.MaxInt64 never comes.
	Limit int64 `msgpack:"l"`
}

// Splits divides the stream into count splits.
func (c *Config) Splits(count int) []Split {
	splits := make([]Split, count)
	total := c.Events
	if total == 0 {
		total = c.unlimited()
	}
	n := int64(count)
	for i := range splits {
		limit := share(total, n, int64(i))
		if c.StopAt >= 0 {
			limit = min(limit, share(c.StopAt, n, int64(i)))
		}
		splits[i] = Split{
			Index: i, Count: count, Limit: limit,
			FirstEventID: 1 + int64(i)*(total/n), FirstEventNumber: 1,
		}
	}
	return splits
}

// share is part i of total in n equal parts, of which the last takes the rest.
func share(total, n, i int64) int64 {
	if i == n-1 {
		return total - total/n*(n-1)
	}
	return total / n
}

func roundHalfUp(x float64) int { return int(math.Floor(x + 0.5)) }
