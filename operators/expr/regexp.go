package expr

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// pattern is a compiled regular expression with a string that every match must
// contain: most texts that don't match are told by that alone.
type pattern struct {
	re      *regexp.Regexp
	literal string
	anchor  *anchor
}

// compilePattern compiles Java's regular expressions with RE2's engine. What RE2
// can't do (look-around, back-references, possessive quantifiers) is unsupported.
func compilePattern(text string) (*pattern, error) {
	translated, err := translateJava(text)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil, errs.Userf("'%s' is not a regular expression: %s", text, err)
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, errs.Userf("'%s' is not a regular expression: %s", text, err)
	}
	return &pattern{re: re, literal: requiredLiteral(parsed), anchor: newAnchor(parsed)}, nil
}

// may reports whether text can match at all.
func (p *pattern) may(text string) bool {
	return p.literal == "" || strings.Contains(text, p.literal)
}

func (p *pattern) matches(text string) bool {
	if p.anchor != nil {
		if _, matched, decided := p.anchor.find(text); decided {
			return matched
		}
	}
	return p.may(text) && p.re.MatchString(text)
}

// find gives the positions of the first match and its groups, or nil. They are
// valid until the next call.
func (p *pattern) find(text string) []int {
	if p.anchor != nil {
		caps, matched, decided := p.anchor.find(text)
		if decided && !matched {
			return nil
		}
		if decided {
			return caps
		}
	}
	if !p.may(text) {
		return nil
	}
	return p.re.FindStringSubmatchIndex(text)
}

// requiredLiteral is the longest string that every match must contain.
func requiredLiteral(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiteral(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiteral(re.Sub[0])
		}
	case syntax.OpConcat:
		best := ""
		for _, sub := range re.Sub {
			if s := requiredLiteral(sub); len(s) > len(best) {
				best = s
			}
		}
		return best
	}
	return ""
}

// translateJava rewrites what Java writes differently and refuses what RE2 lacks.
func translateJava(text string) (string, error) {
	var b strings.Builder
	inClass := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			switch e := text[i]; {
			case e >= '1' && e <= '9' && !inClass:
				return "", unsupportedPattern(text, "back-references")
			case e == 'k':
				return "", unsupportedPattern(text, "back-references")
			case e == 'u' && i+4 < len(text):
				b.WriteString(`\x{` + text[i+1:i+5] + `}`)
				i += 4
			case e == 'e':
				b.WriteString(`\x1b`)
			case e == 'h':
				b.WriteString(`[ \t]`)
			case e == 'R':
				b.WriteString(`(?:\r\n|[\n\r])`)
			case e == 'Z':
				b.WriteString(`\z`)
			default:
				b.WriteByte('\\')
				b.WriteByte(e)
			}
			continue
		case inClass:
			inClass = c != ']'
			if c == '&' && strings.HasPrefix(text[i:], "&&") {
				return "", unsupportedPattern(text, "intersections of character classes")
			}
		case c == '[':
			inClass = true
			if rest := text[i+1:]; strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, "^]") {
				return "", errs.Userf("'%s' is not a regular expression: empty character class", text)
			}
		case c == '(' && hasAnyPrefix(text[i:], "(?=", "(?!", "(?<=", "(?<!"):
			return "", unsupportedPattern(text, "look-around")
		case c == '(' && strings.HasPrefix(text[i:], "(?>"):
			return "", unsupportedPattern(text, "atomic groups")
		case c == '+' && i > 0 && strings.IndexByte("*+?}", text[i-1]) >= 0 && (i < 2 || text[i-2] != '\\'):
			return "", unsupportedPattern(text, "possessive quantifiers")
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

func hasAnyPrefix(text string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

func unsupportedPattern(text, what string) error {
	return errs.Unsupportedf("the regular expression '%s' uses %s", text, what).
		WithHint("the engine is RE2, which runs in time linear to the text")
}

// similarPattern translates SIMILAR TO: % and _ are wildcards, and the operators of
// regular expressions keep their meaning, the dot too, as in Flink.
func similarPattern(text, escape string) (*pattern, error) {
	var b strings.Builder
	b.WriteString(`^(?s:`)
	escaped, inClass := false, false
	for _, r := range text {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case escape != "" && string(r) == escape:
			escaped = true
		case inClass:
			inClass = r != ']'
			b.WriteRune(r)
		case r == '[':
			inClass = true
			b.WriteRune(r)
		case r == '%':
			b.WriteString(`.*`)
		case r == '_':
			b.WriteByte('.')
		case strings.ContainsRune(`|*+?{}().`, r):
			b.WriteRune(r)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString(`)$`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, errs.Userf("'%s' is not a pattern for SIMILAR TO: %s", text, err)
	}
	return &pattern{re: re}, nil
}

func bindSimilar(c *Call) (Kernel, error) {
	match, err := patternMatcher(c, similarPattern, func(p *pattern, text []byte) bool { return p.re.Match(text) })
	if err != nil {
		return nil, err
	}
	return boolRows(match), nil
}

// patterns are the regular expressions of a column. What is none gives errNull: the
// functions make NULL of it, or FALSE.
type patterns = compiled[pattern]

// newPatterns compiles argument arg of c if it is a literal.
func newPatterns(c *Call, arg int) (*patterns, error) {
	p, err := newCompiled(c, arg, func(text string) (*pattern, error) {
		p, err := compilePattern(text)
		if errs.ClassOf(err) == errs.User {
			return nil, errNull
		}
		return p, err
	})
	if err == errNull {
		return p, nil // told row by row
	}
	return p, err
}

// runesBefore is the number of characters in the first n bytes.
func runesBefore(text string, n int) int { return utf8.RuneCountInString(text[:n]) }
