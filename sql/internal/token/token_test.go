package token

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
)

func TestLex(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"words and numbers", "SELECT a1, _b$ 1.5e-3", "word:SELECT word:a1 operator:, word:_b$ number:1.5e-3"},
		{"strings", "'it''s' `a``b` x'4142' U&'\\0041'", "string:it's identifier:a`b binary string:AB string:A"},
		{"operators", "a<>b!=c<=d>=e||f=>g", "word:a operator:<> word:b operator:!= word:c operator:<= word:d operator:>= word:e operator:|| word:f operator:=> word:g"},
		{"comments", "a--x\nb/*y*/c//z", "word:a word:b word:c"},
		{"division by a product is no hint's end", "a */ b", "word:a operator:* operator:/ word:b"},
		{"hints", "t /*+ X('a'='b') */ u", "word:t operator:/*+ word:X operator:( string:a operator:= string:b operator:) operator:*/ word:u"},
		{"a path of numbers", "a[1].b .5 1.", "word:a operator:[ number:1 operator:] operator:. word:b number:.5 number:1."},
		{"an x alone", "x 'a'", "word:x string:a"},
		{"unicode", "größe\u00a0名", "word:größe word:名"},
		{"row patterns", "{- A -} B{2,}", "operator:{- word:A operator:-} word:B operator:{ number:2 operator:, operator:}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			toks, err := Lex(c.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			end := 0
			for _, tok := range toks[:len(toks)-1] {
				got = append(got, fmt.Sprintf("%s:%s", tok.Kind, tok.Text))
				if tok.Start < end || tok.End <= tok.Start {
					t.Errorf("%v overlaps the token before it, which ends at %d", tok, end)
				}
				end = tok.End
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
			if last := toks[len(toks)-1]; last.Kind != EOF || last.Start != len(c.in) {
				t.Errorf("the list ends with %v", last)
			}
		})
	}
}

func TestBracketsPairUp(t *testing.T) {
	c, err := NewCursor("f(a[1], (b), ((c)))", 10)
	if err != nil {
		t.Fatal(err)
	}
	last := c.Len() - 2
	if c.Match(1) != last || c.Match(last) != 1 || c.Match(0) != -1 {
		t.Errorf("the call's brackets pair as %d and %d", c.Match(1), c.Match(last))
	}
	if c.Height(1) != 2 || c.Height(3) != 0 {
		t.Errorf("brackets nest %d and %d deep", c.Height(1), c.Height(3))
	}
	for _, text := range []string{"(", ")", "(]", "[)", "(;)", "((a)"} {
		if _, err := NewCursor(text, 10); err == nil || errs.ClassOf(err) != errs.User {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := NewCursor(strings.Repeat("(", 11)+strings.Repeat(")", 11), 10); err == nil {
		t.Error("11 levels pass where 10 may")
	}
}
