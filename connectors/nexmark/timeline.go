package nexmark

// timeline turns event numbers into ids and times.
type timeline struct {
	baseMillis  int64
	delayMicros float64
	firstID     int64
	group       int64
}

func newTimeline(c *Config, s Split) timeline {
	return timeline{
		baseMillis:  c.BaseTimeMillis,
		delayMicros: 1_000_000.0 / float64(c.EventsPerSecond) * float64(s.Count),
		firstID:     s.FirstEventID,
		group:       c.OutOfOrderGroupSize,
	}
}

// adjusted is the place of event number n after permuting its group.
func (t *timeline) adjusted(n int64) int64 {
	if t.group == 1 {
		return n
	}
	return n/t.group*t.group + n*953%t.group
}

// millis is the epoch time of place x. The product is converted before it is
// used, so that no processor fuses it with what follows.
func (t *timeline) millis(x int64) int64 {
	return t.baseMillis + int64(float64(float64(x)*t.delayMicros))/1000
}

// Kinds of event, with the values of the column event_type.
type eventKind uint8

const (
	personKind eventKind = iota
	auctionKind
	bidKind
	kindCount
)

// String gives the name of the kind, which is also its column's.
func (k eventKind) String() string {
	return [...]string{"person", "auction", "bid"}[k]
}

// run is a stretch of events of one kind and one epoch, with consecutive ids.
type run struct {
	kind  eventKind
	count int
	// place is the first event's adjusted number; epoch and offset locate its id.
	place  int64
	epoch  int64
	offset int64
}

// schedule finds the runs.
type schedule struct {
	timeline
	persons, auctions, bids int64
	// next is the event number of the next run.
	next int64
	// epoch and offset of next, kept up to date when events come in order.
	epoch, offset int64
}

func newSchedule(c *Config, s Split, emitted int64) schedule {
	q := schedule{
		timeline: newTimeline(c, s),
		persons:  c.PersonProportion, auctions: c.AuctionProportion, bids: c.BidProportion,
		next: s.FirstEventNumber + emitted,
	}
	q.locate()
	return q
}

func (q *schedule) locate() {
	id := q.firstID + q.adjusted(q.next)
	total := q.persons + q.auctions + q.bids
	q.epoch, q.offset = id/total, id%total
}

// peek gives the next run of at most most events.
func (q *schedule) peek(most int64) run {
	r := run{place: q.adjusted(q.next), epoch: q.epoch, offset: q.offset}
	end := q.persons
	switch {
	case q.offset < q.persons:
		r.kind = personKind
	case q.offset < q.persons+q.auctions:
		r.kind, end = auctionKind, q.persons+q.auctions
	default:
		r.kind, end = bidKind, q.persons+q.auctions+q.bids
	}
	r.count = int(min(end-q.offset, most))
	if q.group != 1 {
		r.count = 1
	}
	return r
}

// advance moves past n events of the run last peeked.
func (q *schedule) advance(n int) {
	q.next += int64(n)
	if q.group != 1 {
		q.locate()
		return
	}
	q.offset += int64(n)
	if q.offset == q.persons+q.auctions+q.bids {
		q.epoch, q.offset = q.epoch+1, 0
	}
}
