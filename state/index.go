package state

// index maps the tags of keys to slots. It is open addressing with linear probing
// over words `tag<<32 | slot+1`, where a tag's home is its top bits.
//
// Invariant: words lie in ascending order of tag, at or after their home, without
// an empty word between. So the index is scanned in hash order whatever order
// keys came in, a search may stop at the first greater tag, and growing is one
// sequential pass. There is no wrap-around: the words go on past the last home,
// and the last word is always empty.
type index struct {
	words []uint64
	// shift turns a tag into its home.
	shift uint8
	// homes is the number of homes, a power of two.
	homes int
	count int
	// pool is where the words come from; nil is Go's heap.
	pool *chunkPool
}

const (
	indexHomesMin = 16
	indexTail     = 16
)

// home is where the search for tag starts.
func (x *index) home(tag uint32) int { return int(tag >> (x.shift & 31)) }

func wordOf(tag uint32, s Slot) uint64 { return uint64(tag)<<32 | uint64(s+1) }

func wordTag(w uint64) uint32 { return uint32(w >> 32) }

func wordSlot(w uint64) Slot { return Slot(uint32(w)) - 1 }

// full reports whether the next insert must be preceded by grow.
func (x *index) full(extra int) bool { return (x.count+extra)*2 > x.homes }

// grow makes room for extra more words. It returns the change in bytes held.
func (x *index) grow(extra int) int {
	homes := max(indexHomesMin, x.homes)
	for (x.count+extra)*2 > homes {
		homes *= 2
	}
	if homes == x.homes {
		return 0
	}
	shift := uint8(32)
	for h := homes; h > 1; h >>= 1 {
		shift--
	}
	next := index{words: x.pool.words(homes + indexTail), shift: shift, homes: homes, count: x.count, pool: x.pool}
	at := -1
	for _, w := range x.words {
		if w == 0 {
			continue
		}
		at = max(at+1, next.home(wordTag(w)))
		if at >= len(next.words)-1 {
			next.lengthen()
		}
		next.words[at] = w
	}
	delta := 8 * (len(next.words) - len(x.words))
	x.pool.releaseWords(x.words)
	*x = next
	return delta
}

// insertAt puts w at position at, which a search for its tag ended on, and moves
// greater words up. There must be room. It returns the change in bytes held.
func (x *index) insertAt(at int, w uint64) int {
	x.count++
	end := at
	for x.words[end] != 0 {
		end++
	}
	copy(x.words[at+1:end+1], x.words[at:end])
	x.words[at] = w
	if end == len(x.words)-1 {
		return x.lengthen()
	}
	return 0
}

// lengthen adds words at the end, a share of them, since it copies them all. It
// returns the change in bytes held.
func (x *index) lengthen() int {
	longer := x.pool.words(len(x.words) + indexTail + len(x.words)/1024)
	copy(longer, x.words)
	delta := 8 * (len(longer) - len(x.words))
	x.pool.releaseWords(x.words)
	x.words = longer
	return delta
}

// reset gives everything back.
func (x *index) reset() {
	x.pool.releaseWords(x.words)
	*x = index{pool: x.pool}
}

// seek is the first word of a search for tag that is empty or not of a lesser tag.
func (x *index) seek(tag uint32) uint64 {
	at := x.home(tag)
	for x.words[at] != 0 && wordTag(x.words[at]) < tag {
		at++
	}
	return x.words[at]
}

// place is the position after the last word with a tag ≤ tag: where insertAt may
// put it.
func (x *index) place(tag uint32) int {
	at := x.home(tag)
	for x.words[at] != 0 && wordTag(x.words[at]) <= tag {
		at++
	}
	return at
}

// remove takes out the word of tag and slot, which must be there.
func (x *index) remove(tag uint32, s Slot) {
	want := wordOf(tag, s)
	at := x.home(tag)
	for x.words[at] != want {
		at++
	}
	x.count--
	// Words that are not at home move down into the gap.
	for {
		next := x.words[at+1]
		if next == 0 || x.home(wordTag(next)) > at {
			break
		}
		x.words[at] = next
		at++
	}
	x.words[at] = 0
}
