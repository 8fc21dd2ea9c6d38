package match_test

import (
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/match"
)

// patternOf reads a pattern off bytes: a stack machine over variables.
func patternOf(data []byte) rowpattern.Pattern {
	stack := []rowpattern.Pattern{variable(0)}
	pop := func() rowpattern.Pattern {
		last := len(stack) - 1
		p := stack[last]
		if last > 0 {
			stack = stack[:last]
		}
		return p
	}
	for i, b := range data {
		switch b % 7 {
		case 0:
			stack = append(stack, variable(int(b)%3))
		case 1, 2:
			r, l := pop(), pop()
			kind := []rowpattern.Kind{rowpattern.Sequence, rowpattern.Alternation}[b%7-1]
			stack = append(stack, rowpattern.Pattern{Kind: kind, Items: []rowpattern.Pattern{l, r}})
		case 3:
			least := int(b) >> 3
			stack = append(stack, repeat(pop(), least, least+i%5))
		case 4:
			p := repeat(pop(), int(b)>>6, -1)
			p.Reluctant = b>>3&1 == 1
			stack = append(stack, p)
		case 5:
			a, b, c := pop(), pop(), pop()
			stack = append(stack, rowpattern.Pattern{Kind: rowpattern.Permute, Items: []rowpattern.Pattern{a, b, c}})
		case 6:
			stack = append(stack, stack[len(stack)-1])
		}
	}
	return rowpattern.Pattern{Kind: rowpattern.Sequence, Items: stack}
}

// FuzzCompile checks that any pattern compiles in good time or is refused as too
// large.
func FuzzCompile(f *testing.F) {
	f.Add([]byte{0, 4, 0, 4, 1, 4, 4})
	f.Add([]byte{3 + 7*30, 6, 1, 3 + 7*30, 6, 1, 3 + 7*30, 6, 1, 6, 2, 6, 5})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64 {
			return
		}
		start := time.Now()
		if err := match.Check(patternOf(data)); err != nil && errs.ClassOf(err) != errs.User {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}

func TestLargePatternsAreRefused(t *testing.T) {
	huge := repeat(repeat(variable(0), 1000, 1000), 1000, 1000)
	if err := match.Check(huge); errs.ClassOf(err) != errs.User {
		t.Fatalf("got %v", err)
	}
	if err := match.Check(repeat(variable(0), 0, 4000)); err != nil {
		t.Fatal(err)
	}
}
