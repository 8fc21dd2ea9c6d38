package sql

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// goldenInputs lists the inputs of the golden files, as seeds.
func goldenInputs(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			_, input, _ := strings.Cut(block, "\n")
			input, _, _ = strings.Cut(input, "\n----")
			out = append(out, input)
		}
	}
	return out
}

// checkParse parses text both as a script and as an expression, and checks that errors
// are the user's and point into the text, and that trees round-trip.
func checkParse(t *testing.T, text string) {
	statements, err := Parse(text)
	if err != nil {
		checkError(t, text, err)
	} else if err := roundTrip(statements, text); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	e, err := ParseExpr(text)
	if err != nil {
		checkError(t, text, err)
		return
	}
	wrapped := "SELECT " + FormatExpr(e)
	if statements, err = Parse(wrapped); err != nil {
		t.Fatalf("%q prints as %q: %v", text, wrapped, err)
	}
	if err := roundTrip(statements, wrapped); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}

func checkError(t *testing.T, text string, err error) {
	if class := errs.ClassOf(err); class != errs.User && class != errs.Unsupported {
		t.Fatalf("%q: a %s error: %v", text, class, err)
	}
	if span := errs.SpanOf(err); span == (errs.Span{}) || span.End < span.Start || span.Start > len(text) {
		t.Fatalf("%q: the error points at %v: %v", text, span, err)
	}
	_ = errs.Render(err, "", text)
}

func FuzzParse(f *testing.F) {
	for _, input := range goldenInputs(f) {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			t.Skip("long texts have tests of their own")
		}
		checkParse(t, text)
	})
}

// TestShuffledTokens mutates the golden inputs token by token, which goes deeper
// into the grammar than mutating bytes.
func TestShuffledTokens(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	var sources [][]string
	var all []string
	for _, input := range goldenInputs(t) {
		toks, err := token.Lex(input)
		if err != nil || len(toks) < 2 {
			continue
		}
		words := make([]string, 0, len(toks))
		for _, tok := range toks[:len(toks)-1] {
			words = append(words, input[tok.Start:tok.End])
		}
		sources = append(sources, words)
		all = append(all, words...)
	}
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	for range rounds {
		words := slices.Clone(sources[rng.IntN(len(sources))])
		if len(words) > 60 {
			start := rng.IntN(len(words) - 40)
			words = words[start : start+40]
		}
		for range 1 + rng.IntN(4) {
			i := rng.IntN(len(words))
			switch rng.IntN(4) {
			case 0:
				words = slices.Delete(words, i, i+1)
			case 1:
				words = slices.Insert(words, i, all[rng.IntN(len(all))])
			case 2:
				words[i] = all[rng.IntN(len(all))]
			case 3:
				j := rng.IntN(len(words))
				words[i], words[j] = words[j], words[i]
			}
			if len(words) == 0 {
				words = []string{";"}
			}
		}
		checkParse(t, strings.Join(words, " "))
	}
}
