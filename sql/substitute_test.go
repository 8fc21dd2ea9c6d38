package sql

import (
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
)

func TestSubstitute(t *testing.T) {
	vars := map[string]string{"DIR": "/tmp/x", "N": "10", "QUOTE": "it''s", "INNER": "${N}"}
	cases := []struct{ name, in, want string }{
		{"no variables", "SELECT $1, {x}", "SELECT $1, {x}"},
		{"plain", "LIMIT ${N};", "LIMIT 10;"},
		{"in a string", "'file://${DIR}/a' -- ${GONE}", "'file:///tmp/x/a' -- ${GONE}"},
		{"in an identifier", "`t${N}`", "`t10`"},
		{"default unused", "${N:-5}", "10"},
		{"default used", "${M:-a:-b}", "a:-b"},
		{"empty default", "a${M:-}b", "ab"},
		{"in a hint", "/*+ X('a'='${N}') */ /* ${GONE} */", "/*+ X('a'='10') */ /* ${GONE} */"},
		{"a string hides comments", "'--' ${N} '/*' ${N}", "'--' 10 '/*' 10"},
		{"doubled quotes", "'a''${N}''' -- '${GONE}", "'a''10''' -- '${GONE}"},
		{"pasted as it is", "${INNER}'${QUOTE}'", "${N}'it''s'"},
		{"line comment ends", "// ${GONE}\n${N}", "// ${GONE}\n10"},
		{"open comment", "/* ${GONE}", "/* ${GONE}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Substitute(c.in, vars)
			if err != nil || got != c.want {
				t.Fatalf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestSubstituteNamesTheUnknownVariable(t *testing.T) {
	cases := []struct{ in, want string }{
		{"SELECT\n  ${DIRR}", "line 2:3: the variable DIRR has no value\n    2 |   ${DIRR}\n      |   ^^^^^^^\nhint: did you mean ${DIR}?"},
		{"${FAR}", "line 1:1: the variable FAR has no value\n    1 | ${FAR}\n      | ^^^^^^\nhint: give it with -D FAR=VALUE, or a default in the script: ${FAR:-VALUE}"},
		{"a ${N", "line 1:3: ${ is not closed by }\n    1 | a ${N\n      |   ^^"},
		{"${a b}", "line 1:1: \"a b\" is not the name of a variable\n    1 | ${a b}\n      | ^^^^^^\nhint: write ${NAME} or ${NAME:-default}, with letters, digits and underscores"},
	}
	for _, c := range cases {
		_, err := Substitute(c.in, map[string]string{"DIR": "x", "OTHER": "y"})
		if err == nil || errs.ClassOf(err) != errs.User {
			t.Fatalf("%q: %v is no user error", c.in, err)
		}
		if got := errs.Render(err, "", c.in); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.in, got, c.want)
		}
	}
}
