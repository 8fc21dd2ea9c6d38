package nexmark

import "slices"

// Words are of small letters, with a separator one time in thirteen.
const (
	separatorOdds = 13
	letterCount   = 26
	// Draws from here on are rejected, as in bound.
	separatorLimit = 1<<31 - 1<<31%separatorOdds
	letterLimit    = 1<<31 - 1<<31%letterCount
	// shortestWord is the fewest characters drawn, before trimming.
	shortestWord = 3
)

// appendWord draws a text of 3 to most-1 characters and appends it to dst. A blank
// separator is trimmed from both ends, so that the text may come out shorter.
func appendWord(dst []byte, r *random, most int32, separator byte) []byte {
	n := shortestWord + int(r.below(most-shortestWord))
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	word, seed := dst[start:], r.seed
	for i := range word {
		seed += gamma
		u := mix32(seed) >> 1
		if u >= separatorLimit {
			u, seed = redraw(seed, separatorLimit)
		}
		if u%separatorOdds == 0 {
			word[i] = separator
			continue
		}
		seed += gamma
		u = mix32(seed) >> 1
		if u >= letterLimit {
			u, seed = redraw(seed, letterLimit)
		}
		word[i] = byte('a' + u%letterCount)
	}
	r.seed = seed
	if separator != ' ' {
		return dst
	}
	return trimFrom(dst, start)
}

// skipWord moves r as appendWord does for a blank separator and gives the length
// that its text would have.
func skipWord(r *random, most int32) int {
	n := shortestWord + int(r.below(most-shortestWord))
	first, last, seed := n, -1, r.seed
	for i := range n {
		seed += gamma
		u := mix32(seed) >> 1
		if u >= separatorLimit {
			u, seed = redraw(seed, separatorLimit)
		}
		if u%separatorOdds == 0 {
			continue
		}
		if last < 0 {
			first = i
		}
		last = i
		seed += gamma
		if mix32(seed)>>1 >= letterLimit {
			_, seed = redraw(seed, letterLimit)
		}
	}
	r.seed = seed
	return max(0, last+1-first)
}

// redraw draws 31 bits until a number below limit comes.
func redraw(seed uint64, limit uint32) (uint32, uint64) {
	for {
		seed += gamma
		if u := mix32(seed) >> 1; u < limit {
			return u, seed
		}
	}
}

// trimFrom cuts blanks off both ends of dst[start:].
func trimFrom(dst []byte, start int) []byte {
	for len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	lead := start
	for lead < len(dst) && dst[lead] == ' ' {
		lead++
	}
	if lead > start {
		dst = append(dst[:start], dst[lead:]...)
	}
	return dst
}

// filler cuts `extra` texts: an event whose other columns take size characters is
// brought up to about an average.
type filler struct {
	least int   // shortest text
	vary  bound // added length; n is 0 when the length is fixed
	none  bool  // no text and no draw: the event is already longer
}

func newFiller(size, average int) filler {
	if size > average {
		return filler{none: true}
	}
	room := average - size
	delta := roundHalfUp(float64(room) * 0.2)
	f := filler{least: room - delta}
	if delta > 0 {
		f.vary = newBound(uint32(2 * delta))
	}
	return f
}

// longest is the most characters the filler gives.
func (f *filler) longest() int {
	if f.none {
		return 0
	}
	return f.least + max(0, int(f.vary.n)-1)
}

// length draws a text's length.
func (f *filler) length(r *random) int {
	if f.vary.n == 0 {
		return f.least
	}
	var u uint32
	u, r.seed = f.vary.draw(r.seed)
	return f.least + int(u)
}

// inPool reports whether a text of n characters is a piece of the pool; longer
// ones are drawn letter by letter.
func inPool(n int) bool { return n < poolBytes/2 }

// poolPlace draws where in the pool a text of n characters starts.
func poolPlace(r *random, n int) int {
	return int(r.below(int32(poolBytes - n)))
}

// skipLetters moves r as fillLetters does for n characters.
func skipLetters(r *random, n int) {
	r.seed += gamma * uint64((n+5)/6)
}
