package nexmark

const (
	firstAuctionID  = 1000
	firstCategoryID = 10
	categoryCount   = 5
	hotBatch        = 100
	idLead          = 10
)

// sales makes the auctions of a run into rows from row of out; out is nil when no
// column of theirs is wanted.
func (g *generator) sales(r run, out *group, row int) {
	c := g.config
	ids := out.ints(auctionID, row, r.count)
	for i := range ids {
		ids[i] = r.epoch*c.AuctionProportion + r.offset - c.PersonProportion + int64(i) + firstAuctionID
	}
	g.times(out.ints(auctionTime, row, r.count), r.place)
	for i := range r.count {
		g.sale(r, out, row, i)
	}
}

// sale draws one auction.
func (g *generator) sale(r run, out *group, row, i int) {
	rnd, at := &g.random, row+i
	set := func(field int, value int64) {
		if c := out.column(field); c != nil {
			c.ints[at] = value
		}
	}
	set(auctionSeller, g.seller(r.epoch*g.config.PersonProportion+g.config.PersonProportion-1)+firstPersonID)
	set(auctionCategory, firstCategoryID+int64(rnd.below(categoryCount)))
	initial := g.priced()
	set(auctionInitialBid, initial)
	set(auctionExpires, g.expiry(r.place+int64(i)))

	size := 8 + g.word(out.column(auctionItem), at, 20) + g.word(out.column(auctionDescription), at, 100) + 40
	set(auctionReserve, initial+g.priced())

	f := newFiller(size, g.config.AuctionBytes)
	g.extra(&f, out.column(auctionExtra), at)
}

// word draws a text of up to most-1 characters, writes it unless out is nil, and
// gives its length.
func (g *generator) word(out *column, row int, most int32) int {
	if out == nil {
		return skipWord(&g.random, most)
	}
	g.scratch = appendWord(g.scratch[:0], &g.random, most, ' ')
	out.put(row, g.scratch)
	return len(g.scratch)
}

// seller draws who sells: mostly the hot seller.
func (g *generator) seller(lastPerson int64) int64 {
	if g.random.below(g.config.HotSellerRatio) > 0 {
		return lastPerson / hotBatch * hotBatch
	}
	return g.anyone(lastPerson)
}

// expiry draws when the auction at place x ends: up to twice the time in which
// the auctions in flight come.
func (g *generator) expiry(x int64) int64 {
	c, t := g.config, &g.schedule.timeline
	now := t.millis(x)
	ahead := c.InFlightAuctions * c.epoch() / c.AuctionProportion
	horizon := t.millis(x+ahead) - now
	return now + 1 + g.random.belowLong(max(2*horizon, 1))
}
