package expr

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestAnchoredSearchMatchesRegexp compares the anchored machine with package
// regexp on random patterns and texts.
func TestAnchoredSearchMatchesRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"a", "b", "(a|b)", "(a|^)", "[^a]*", "(b*)", "(a+?)", "c", "cc", "(?:a|cc)", ".", "\\b", "b?", "(a*)*", "$", "é"}
	anchored := 0
	for range 3000 {
		var p strings.Builder
		for range 1 + r.IntN(5) {
			p.WriteString(pieces[r.IntN(len(pieces))])
		}
		pattern, err := compilePattern(p.String())
		if err != nil {
			t.Fatal(err)
		}
		if pattern.anchor == nil {
			continue
		}
		anchored++
		for range 10 {
			text := randomText(r)
			caps, matched, decided := pattern.anchor.find(text)
			want := pattern.re.FindStringSubmatchIndex(text)
			if decided && (matched != (want != nil) || matched && !slices.Equal(caps, want)) {
				t.Fatalf("%s on %q: %v %v, want %v", p.String(), text, matched, caps, want)
			}
		}
	}
	if anchored < 500 {
		t.Fatalf("only %d patterns were anchored", anchored)
	}
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString([]string{"a", "b", "c", "é", " "}[r.IntN(5)])
	}
	return b.String()
}
