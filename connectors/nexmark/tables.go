package nexmark

import (
	"math/bits"
	"strconv"
	"sync"
)

const (
	poolBytes    = 1 << 20
	channelCount = 10_000
	hotChannels  = 4
	urlRoot      = "https://www.nexmark.com/"
)

// tables are what all splits share; immutable once built.
type tables struct {
	// pool is the text that `extra` columns are cut from.
	pool []byte
	// channels and urls hold the hot entries at 0..3 and table entry i at 4+i.
	channels packed
	urls     packed
	prices   *priceTable
}

// tableCache keeps the tables that were asked for last: all readers of a job, and
// most of all jobs, share one set.
type tableCache struct {
	mu       sync.Mutex
	pool     int64
	channels int64
	last     *tables
}

// get gives the tables of a configuration's seeds, built on first use.
func (c *tableCache) get(config *Config) *tables {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.pool != config.PoolSeed || c.channels != config.ChannelSeed {
		c.pool, c.channels = config.PoolSeed, config.ChannelSeed
		c.last = newTables(c.pool, c.channels)
	}
	return c.last
}

// packed is a list of texts in one slice.
type packed struct {
	bytes   []byte
	offsets []uint32
}

func (p *packed) add(s []byte) {
	if p.offsets == nil {
		p.offsets = append(p.offsets, 0)
	}
	p.bytes = append(p.bytes, s...)
	p.offsets = append(p.offsets, uint32(len(p.bytes)))
}

func (p *packed) at(i uint32) []byte { return p.bytes[p.offsets[i]:p.offsets[i+1]] }

// newTables builds the tables from two seeds.
func newTables(poolSeed, channelSeed int64) *tables {
	t := &tables{pool: make([]byte, poolBytes), prices: newPriceTable()}
	fillLetters(&random{uint64(poolSeed)}, t.pool)
	t.buildChannels(&random{uint64(channelSeed)})
	return t
}

// fillLetters fills dst with random characters, six to a draw. A negative draw
// gives the characters from 'H' to 'a', because its remainders are negative.
func fillLetters(r *random, dst []byte) {
	var run int32
	for i := range dst {
		if i%6 == 0 {
			run = r.int32()
		}
		dst[i] = byte('a' + run%26)
		run /= 26
	}
}

// buildChannels draws the hot URLs, then the table. An entry's URL carries an id,
// nine times out of ten, that is its index with the bits reversed.
func (t *tables) buildChannels(r *random) {
	scratch := make([]byte, 0, 128)
	for _, name := range [hotChannels]string{"Google", "Facebook", "Baidu", "Apple"} {
		t.channels.add([]byte(name))
		t.urls.add(appendURL(scratch, r))
	}
	for i := range channelCount {
		url := appendURL(scratch, r)
		if r.below(10) > 0 {
			id := int32(bits.Reverse32(uint32(i)))
			if id < 0 {
				id = -id // the least number stays itself
			}
			url = append(url, "&channel_id="...)
			url = strconv.AppendInt(url, int64(id), 10)
		}
		t.urls.add(url)
		t.channels.add(strconv.AppendInt([]byte("channel-"), int64(i), 10))
	}
}

func appendURL(dst []byte, r *random) []byte {
	dst = append(dst, urlRoot...)
	for range 3 {
		dst = append(appendWord(dst, r, 5, '_'), '/')
	}
	return append(dst, "item.htm?query=1"...)
}
