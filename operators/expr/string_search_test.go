package expr

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOccurrence compares with a search among characters.
func TestOccurrence(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(most int) []rune {
		w := make([]rune, r.IntN(most+1))
		for i := range w {
			w[i] = []rune("aaé日")[r.IntN(4)]
		}
		return w
	}
	for range 20_000 {
		text, needle := word(8), word(2)
		from, nth := r.Int64N(21)-10, 1+r.Int64N(3)
		if got, want := occurrence([]byte(string(text)), []byte(string(needle)), from, nth), twinOccurrence(text, needle, from, nth); got != want {
			t.Fatalf("INSTR('%s', '%s', %d, %d): %d, want %d", string(text), string(needle), from, nth, got, want)
		}
	}
}

func twinOccurrence(text, needle []rune, from, nth int64) int32 {
	at, step := from-1, int64(1)
	if from < 0 {
		at, step = int64(len(text))+from+1-int64(len(needle)), -1
	}
	for ; from != 0 && at >= 0 && at < int64(len(text)); at += step {
		if int64(len(text))-at < int64(len(needle)) || !slices.Equal(text[at:at+int64(len(needle))], needle) {
			continue
		}
		if nth--; nth == 0 {
			return int32(at) + 1
		}
	}
	return 0
}
