package nexmark

const firstBidderID = 2000

// bidMill holds what all bids of a generator share: prepared bounds.
type bidMill struct {
	hotAuction, hotBidder bound
	hotChannel            bound // whether the channel is hot
	whichHot, channel     bound
	extra                 filler
	// starts[n - extra.least] draws the place in the pool of a text of n; it is
	// empty when texts are too long or too varied for that.
	starts []bound
	// anyAuction and anyBidder are for the current width of the choice.
	anyAuction, anyBidder bound
}

// bidOverhead is the size a bid is taken to have without its extra text.
const bidOverhead = 32

func newBidMill(c *Config) bidMill {
	m := bidMill{
		hotAuction: newBound(uint32(c.HotAuctionRatio)), hotBidder: newBound(uint32(c.HotBidderRatio)),
		hotChannel: newBound(2), whichHot: newBound(hotChannels), channel: newBound(channelCount),
		extra: newFiller(bidOverhead, c.BidBytes),
	}
	if longest := m.extra.longest(); !m.extra.none && longest < 4096 {
		for n := m.extra.least; n <= longest; n++ {
			m.starts = append(m.starts, newBound(uint32(poolBytes-n)))
		}
	}
	return m
}

// bidChoice is what a run's bids choose from.
type bidChoice struct {
	hotAuction, firstAuction int64
	hotBidder, firstBidder   int64
}

// choose prepares the choice for a run.
func (m *bidMill) choose(c *Config, r run) bidChoice {
	lastAuction := r.epoch*c.AuctionProportion + c.AuctionProportion - 1
	lastPerson := r.epoch*c.PersonProportion + c.PersonProportion - 1
	lowest := max(lastAuction-c.InFlightAuctions, 0)
	if width := uint64(lastAuction - lowest + 1 + idLead); width != m.anyAuction.n {
		m.anyAuction = newBound(uint32(width))
	}
	people := lastPerson + 1
	active := min(people, c.ActivePeople)
	if width := uint64(active + idLead); width != m.anyBidder.n {
		m.anyBidder = newBound(uint32(width))
	}
	return bidChoice{
		hotAuction:   lastAuction/hotBatch*hotBatch + firstAuctionID,
		firstAuction: lowest + firstAuctionID,
		hotBidder:    lastPerson/hotBatch*hotBatch + 1 + firstBidderID,
		firstBidder:  people - active + firstBidderID,
	}
}

// bid is one bid's draws, and the counter after them.
type bid struct {
	auction, bidder int64
	fraction        uint64 // of the price
	entry           uint32 // channel and URL
	longer          uint32 // extra's length beyond the least
	start           uint32 // extra's place in the pool
	seed            uint64
}

// quick draws a bid on the assumption that no draw is rejected; ok tells whether
// that held. It needs m.starts. Both sides of each choice are drawn and one is
// picked by masks: the choices are coin tosses, which no branch predictor learns.
func (m *bidMill) quick(seed uint64, c *bidChoice) (b bid, ok bool) {
	seed += gamma
	u, rejected := m.hotAuction.quick(seed)
	v, no := m.anyAuction.quick(seed + gamma)
	rare := ifZero(u)
	b.auction = pickInt(rare, c.firstAuction+int64(v), c.hotAuction)
	rejected |= no & rare
	seed += gamma + gamma&rare

	u, no = m.hotBidder.quick(seed)
	rejected |= no
	v, no = m.anyBidder.quick(seed + gamma)
	rare = ifZero(u)
	b.bidder = pickInt(rare, c.firstBidder+int64(v), c.hotBidder)
	rejected |= no & rare
	seed += gamma & rare

	seed += gamma
	b.fraction = mix64(seed) >> 11
	seed += gamma
	rare = ifZero(mix32(seed) & 1)
	seed += gamma
	u, no = m.channel.quick(seed)
	rejected |= no & rare
	hot := mix32(seed) & (hotChannels - 1)
	b.entry = uint32(pickInt(rare, int64(u+hotChannels), int64(hot)))

	if m.extra.vary.n != 0 {
		seed += gamma
		b.longer, no = m.extra.vary.quick(seed)
		rejected |= no
	}
	seed += gamma
	b.start, no = m.starts[b.longer].quick(seed)
	b.seed = seed
	return b, int64(rejected|no) >= 0
}

// ifZero is all ones if u is 0, and 0 otherwise.
func ifZero(u uint32) uint64 { return uint64((int64(u) - 1) >> 63) }

// pickInt is a under a mask of ones and b under 0.
func pickInt(mask uint64, a, b int64) int64 { return b ^ (a^b)&int64(mask) }

// sure draws a bid without assumption.
func (m *bidMill) sure(seed uint64, c *bidChoice) (b bid) {
	var u uint32
	b.auction, b.bidder = c.hotAuction, c.hotBidder
	if u, seed = m.hotAuction.draw(seed); u == 0 {
		u, seed = m.anyAuction.draw(seed)
		b.auction = c.firstAuction + int64(u)
	}
	if u, seed = m.hotBidder.draw(seed); u == 0 {
		u, seed = m.anyBidder.draw(seed)
		b.bidder = c.firstBidder + int64(u)
	}
	seed += gamma
	b.fraction = mix64(seed) >> 11
	if u, seed = m.hotChannel.draw(seed); u == 0 {
		b.entry, seed = m.channel.draw(seed)
		b.entry += hotChannels
	} else {
		b.entry, seed = m.whichHot.draw(seed)
	}
	if len(m.starts) > 0 {
		if m.extra.vary.n != 0 {
			b.longer, seed = m.extra.vary.draw(seed)
		}
		b.start, seed = m.starts[b.longer].draw(seed)
	}
	b.seed = seed
	return b
}

// bidOut are the wanted columns of a run of bids: the numbers from the run's
// first row on, nil when unwanted.
type bidOut struct {
	auctions, bidders, prices []int64
	channels, urls, extras    *column
}

// bids makes the bids of a run into rows from row of out; out is nil when no
// column of theirs is wanted.
func (g *generator) bids(r run, out *group, row int) {
	m := &g.bidMill
	choice := m.choose(g.config, r)
	g.times(out.ints(bidTime, row, r.count), r.place)
	to := bidOut{
		auctions: out.ints(bidAuction, row, r.count),
		bidders:  out.ints(bidBidder, row, r.count),
		prices:   out.ints(bidPrice, row, r.count),
		channels: out.column(bidChannel), urls: out.column(bidURL), extras: out.column(bidExtra),
	}
	if len(m.starts) == 0 {
		g.plainBids(r, &choice, &to, row)
		return
	}
	seed, pool := g.random.seed, g.shared.pool
	for i := range r.count {
		b, ok := m.quick(seed, &choice)
		if !ok {
			b = m.sure(seed, &choice)
		}
		seed = b.seed
		g.putBid(&b, &to, i, row+i)
		if to.extras != nil {
			to.extras.put(row+i, pool[b.start:int(b.start)+m.extra.least+int(b.longer)])
		}
	}
	g.random.seed = seed
}

// plainBids is bids for unusual sizes of `extra`.
func (g *generator) plainBids(r run, choice *bidChoice, to *bidOut, row int) {
	for i := range r.count {
		b := g.bidMill.sure(g.random.seed, choice)
		g.random.seed = b.seed
		g.putBid(&b, to, i, row+i)
		g.extra(&g.bidMill.extra, to.extras, row+i)
	}
}

// putBid writes the columns but for extra: number i of the run, row of the batch.
func (g *generator) putBid(b *bid, to *bidOut, i, row int) {
	if to.auctions != nil {
		to.auctions[i] = b.auction
	}
	if to.bidders != nil {
		to.bidders[i] = b.bidder
	}
	if to.prices != nil {
		to.prices[i] = g.shared.prices.price(b.fraction)
	}
	if to.channels != nil {
		to.channels.put(row, g.shared.channels.at(b.entry))
	}
	if to.urls != nil {
		to.urls.put(row, g.shared.urls.at(b.entry))
	}
}
