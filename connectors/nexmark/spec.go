package nexmark

import (
	"strconv"

	"github.com/thalweg/thalweg/connectors/connector"
)

// spec describes the options. Those whose effect is "none" exist so that scripts
// written for other implementations run.
func spec() connector.Spec {
	return connector.Spec{
		Name: "nexmark",
		Doc: "Generates the events of the Nexmark benchmark: persons, auctions and bids of an online auction, " +
			"reproducible to the byte. Its columns are `event_type INT` (0 person, 1 auction, 2 bid) and the ROWs " +
			"`person`, `auction` and `bid`, of which two are NULL in each row.",
		Options: append(append(rateOptions(), shapeOptions()...), seedOptions()...),
	}
}

func rateOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "first-event.rate", Type: connector.TypeInt, Default: "10000", Example: "1000000",
			Doc: "Events per second of event time, over all splits."},
		{Name: "next-event.rate", Type: connector.TypeInt, Default: "10000", Example: "10000",
			Doc: "No effect, as in the original: the rate is constant."},
		{Name: "rate.shape", Type: connector.TypeEnum, Default: "SQUARE", Values: []string{"SQUARE", "SINE"}, Example: "SINE",
			Doc: "No effect, as in the original."},
		{Name: "rate.period", Type: connector.TypeDuration, Default: "600 s", Example: "10 min",
			Doc: "No effect, as in the original."},
		{Name: "rate.limited", Type: connector.TypeBool, Default: "false", Example: "false",
			Doc: "No effect, as in the original; see max-emit-speed."},
		{Name: "events.num", Type: connector.TypeBigInt, Default: "0", Example: "1000000",
			Doc: "Events in total, over all splits; 0 means no end."},
		{Name: "stop-at", Type: connector.TypeBigInt, Default: "-1", Example: "500000",
			Doc: "Stop after so many events, over all splits; a negative number never does."},
		{Name: "keep-alive", Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Stay idle after the last event instead of ending."},
		{Name: "max-emit-speed", Type: connector.TypeBool, Default: "true", Example: "false",
			Doc: "Emit as fast as possible; false emits in real time by event time."},
	}
}

func shapeOptions() []connector.OptionSpec {
	size := func(name, value, doc string) connector.OptionSpec {
		return connector.OptionSpec{Name: name, Type: connector.TypeMemorySize, Default: value, Example: "1kb", Doc: doc}
	}
	count := func(name, value, doc string) connector.OptionSpec {
		return connector.OptionSpec{Name: name, Type: connector.TypeInt, Default: value, Example: value, Doc: doc}
	}
	return []connector.OptionSpec{
		size("person.avg-size", "200b", "Average size of a person."),
		size("auction.avg-size", "500b", "Average size of an auction."),
		size("bid.avg-size", "100b", "Average size of a bid."),
		count("person.proportion", "1", "Persons in each epoch of events."),
		count("auction.proportion", "3", "Auctions in each epoch of events."),
		count("bid.proportion", "46", "Bids in each epoch of events."),
		count("bid.hot-ratio.auctions", "2", "Bids go to the hot auction with probability 1 - 1/ratio."),
		count("bid.hot-ratio.bidders", "4", "Bids come from the hot bidder with probability 1 - 1/ratio."),
		count("auction.hot-ratio.sellers", "4", "Auctions come from the hot seller with probability 1 - 1/ratio."),
	}
}

func seedOptions() []connector.OptionSpec {
	c := DefaultConfig()
	number := func(name string, value int64, doc string) connector.OptionSpec {
		text := strconv.FormatInt(value, 10)
		return connector.OptionSpec{Name: name, Type: connector.TypeBigInt, Default: text, Example: text, Doc: doc}
	}
	return []connector.OptionSpec{
		number("base-time", c.BaseTimeMillis, "Event time at which the stream begins, in milliseconds since 1970."),
		number("seed.pool", c.PoolSeed, "Seed of the text that `extra` columns are cut from."),
		number("seed.channels", c.ChannelSeed, "Seed of the channels and their URLs."),
		number("seed.events", c.EventSeed, "Seed of everything else; split i uses this number + i."),
	}
}

// configOf reads checked options.
func configOf(o connector.Options) (Config, error) {
	c := DefaultConfig()
	c.EventsPerSecond = o.Int("first-event.rate")
	c.Events, c.StopAt = o.Int("events.num"), o.Int("stop-at")
	c.PersonProportion, c.AuctionProportion = o.Int("person.proportion"), o.Int("auction.proportion")
	c.BidProportion = o.Int("bid.proportion")
	c.PersonBytes, c.AuctionBytes = int(o.Bytes("person.avg-size")), int(o.Bytes("auction.avg-size"))
	c.BidBytes = int(o.Bytes("bid.avg-size"))
	c.HotAuctionRatio = int32(o.Int("bid.hot-ratio.auctions"))
	c.HotBidderRatio = int32(o.Int("bid.hot-ratio.bidders"))
	c.HotSellerRatio = int32(o.Int("auction.hot-ratio.sellers"))
	c.BaseTimeMillis = o.Int("base-time")
	c.PoolSeed, c.ChannelSeed, c.EventSeed = o.Int("seed.pool"), o.Int("seed.channels"), o.Int("seed.events")
	return c, c.Validate()
}
