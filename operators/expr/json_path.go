package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// stepKind is what a step of a path selects.
type stepKind uint8

const (
	stepKeys   stepKind = iota // members by name
	stepIndex                  // elements by number, from the end when negative
	stepSlice                  // elements from one number to another
	stepAll                    // all members or elements
	stepDeep                   // the value and all below it
	stepFilter                 // elements, or the object itself, that a condition holds for
	stepCall                   // what a function makes of the value
)

// jsonStep is one step of a path.
type jsonStep struct {
	kind    stepKind
	keys    []string
	indexes []int
	// from and to bound a slice; start and open say that they are the ends.
	from, to    int
	start, open bool
	filter      *jsonCondition
	call        *jsonCall
	args        []jsonOperand
	// merged says that members by several names make one object.
	merged bool
}

// definite reports whether the step selects at most one value.
func (s *jsonStep) definite() bool {
	return s.kind == stepKeys && (len(s.keys) == 1 || s.merged) || s.kind == stepIndex && len(s.indexes) == 1 || s.kind == stepCall
}

// jsonPath is a compiled path.
type jsonPath struct {
	steps []jsonStep
	// lax paths make nothing of what goes wrong; strict ones, the default, fail.
	lax bool
	// many says that it selects a list of values.
	many bool
	// root says that a path in a filter begins at the document.
	root bool
}

// compileJSONPath reads `[lax | strict] $.a["b"][0][?(@.c > 1)].*`: the paths of
// Jayway's JsonPath, which is Flink's. As there, a path that doesn't begin with $ begins
// with a name.
func compileJSONPath(text string) (*jsonPath, error) {
	p := &pathParser{text: text}
	lax := p.mode()
	path := &jsonPath{lax: lax}
	p.space()
	switch {
	case p.at == len(p.text):
		p.fail("a path such as $.a[0].b is missing")
	case p.text[p.at] == '$':
		p.at++
	default:
		path.steps = append(path.steps, p.member(false))
	}
	p.steps(path, false)
	if p.space(); p.wrong == "" && p.at < len(p.text) {
		p.fail("only . or [ can follow here")
	}
	if p.wrong == "" {
		return path, nil
	}
	return nil, errs.Userf("'%s' is not a JSON path: at character %d %s", text, p.wrongAt, p.wrong)
}

// pathParser reads paths. The first thing wrong ends all reading.
type pathParser struct {
	text    string
	at      int
	depth   int
	wrong   string
	wrongAt int // in characters, from 1
}

// pathDepthMax is how deep conditions, filters and paths may nest.
const pathDepthMax = 100

func (p *pathParser) fail(format string, args ...any) {
	if p.wrong == "" {
		p.wrong, p.wrongAt = fmt.Sprintf(format, args...), len([]rune(p.text[:p.at]))+1
	}
	p.at = len(p.text)
}

// deeper enters a level of nesting, false when there are too many.
func (p *pathParser) deeper() bool {
	if p.depth++; p.depth > pathDepthMax {
		p.fail("more than %d levels are nested", pathDepthMax)
	}
	return p.wrong == ""
}

func (p *pathParser) space() {
	for p.at < len(p.text) && isJSONSpace(p.text[p.at]) {
		p.at++
	}
}

// is reads what the text goes on with, if it does.
func (p *pathParser) is(what string) bool {
	if !strings.HasPrefix(p.text[p.at:], what) {
		return false
	}
	p.at += len(what)
	return true
}

// mode reads lax or strict.
func (p *pathParser) mode() (lax bool) {
	p.space()
	end := p.at + strings.IndexFunc(p.text[p.at:], func(r rune) bool { return r < 0x80 && isJSONSpace(byte(r)) })
	if end < p.at {
		return false
	}
	word := p.text[p.at:end]
	if lax = strings.EqualFold(word, "lax"); lax || strings.EqualFold(word, "strict") {
		p.at = end
	}
	return lax
}

// steps reads steps as far as they go. One in a filter ends where its operator
// begins.
func (p *pathParser) steps(path *jsonPath, inFilter bool) {
	for p.at < len(p.text) && (p.text[p.at] == '.' || p.text[p.at] == '[') {
		if p.is("..") {
			path.steps = append(path.steps, jsonStep{kind: stepDeep})
		} else if p.text[p.at] == '.' {
			p.at++
		}
		var step jsonStep
		if p.is("[") {
			step = p.bracket()
		} else {
			step = p.member(inFilter)
		}
		path.steps = append(path.steps, step)
	}
	path.callOfScan()
	path.settle()
}

// settle notes what follows from the steps.
func (path *jsonPath) settle() {
	path.many = false
	for i := range path.steps {
		s := &path.steps[i]
		s.merged = len(s.keys) > 1 && i+1 == len(path.steps)
		path.many = path.many || !s.definite()
	}
}

// member reads a name, `*` or a function.
func (p *pathParser) member(inFilter bool) jsonStep {
	if p.is("*") {
		return jsonStep{kind: stepAll}
	}
	if p.at < len(p.text) && p.text[p.at] == '"' {
		return jsonStep{keys: []string{p.quoted()}}
	}
	ends := ".[( \t\n\r"
	if inFilter {
		ends = ".[( \t\n\r<>=~!)&|,]"
	}
	end := strings.IndexAny(p.text[p.at:], ends)
	if end < 0 {
		end = len(p.text) - p.at
	}
	name := p.text[p.at : p.at+end]
	if name == "" {
		p.fail("a name is missing")
		return jsonStep{}
	}
	if strings.HasPrefix(p.text[p.at+end:], "(") {
		return p.function(name)
	}
	p.at += end
	if rest := strings.TrimLeft(p.text[p.at:], " \t\n\r"); !inFilter && rest != "" && len(rest) < len(p.text)-p.at {
		p.fail("a name with spaces must be in brackets and quotes")
	}
	return jsonStep{keys: []string{name}}
}

// bracket reads what stands in brackets, behind the one that opens.
func (p *pathParser) bracket() jsonStep {
	p.space()
	var step jsonStep
	switch next := p.peek(); {
	case next == '*':
		p.at++
		step.kind = stepAll
	case next == '?':
		p.at++
		step = jsonStep{kind: stepFilter, filter: p.filter()}
	case next == '\'' || next == '"':
		for more := true; more && p.wrong == ""; p.space() {
			p.space()
			step.keys = append(step.keys, p.quoted())
			p.space()
			more = p.is(",")
		}
	case next == '-' || next == ':' || next >= '0' && next <= '9':
		step = p.numbers()
	default:
		p.fail("a number, a name in quotes, * or a filter ?(…) is missing")
	}
	if p.space(); p.wrong == "" && !p.is("]") {
		p.fail("] is missing")
	}
	return step
}

// peek is the next byte, 0 at the end.
func (p *pathParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// quoted reads a text in quotes of either kind; a backslash takes what follows as it
// is, or as JSON does.
func (p *pathParser) quoted() string {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		p.fail("a name in quotes is missing")
		return ""
	}
	var out []byte
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == quote:
			p.at = i + 1
			return string(out)
		case c == '\\' && i+1 < len(p.text):
			var n int
			out, n = appendUnescaped(out, p.text[i+1:])
			i += n
		default:
			out = append(out, c)
		}
	}
	p.fail("%c is not closed", quote)
	return ""
}

// appendUnescaped appends what stands behind a backslash and gives its length.
func appendUnescaped(dst []byte, text string) ([]byte, int) {
	if at := strings.IndexByte("nrtbf", text[0]); at >= 0 {
		return append(dst, "\n\r\t\b\f"[at]), 1
	}
	unit, ok := escapedUnit(text)
	if !ok {
		return append(dst, text[0]), 1
	}
	if utf16.IsSurrogate(unit) && len(text) > 6 && text[5] == '\\' {
		low, _ := escapedUnit(text[6:])
		if r := utf16.DecodeRune(unit, low); r != utf8.RuneError {
			return utf8.AppendRune(dst, r), 11
		}
	}
	return utf8.AppendRune(dst, unit), 5 // half a pair becomes U+FFFD, as in JSON
}

// escapedUnit reads the unit of UTF-16 that uXXXX is.
func escapedUnit(text string) (unit rune, ok bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(text[1:5], 16, 16)
	return rune(code), err == nil
}

// numbers reads the numbers of elements or a slice.
func (p *pathParser) numbers() jsonStep {
	step := jsonStep{kind: stepIndex}
	if p.peek() == ':' {
		step.start = true
	} else {
		step.from = p.number()
	}
	p.space()
	if p.is(":") {
		step.kind = stepSlice
		if p.space(); p.peek() == ']' {
			step.open = true
		} else {
			step.to = p.number()
		}
		return step
	}
	step.indexes = []int{step.from}
	for p.is(",") {
		p.space()
		step.indexes = append(step.indexes, p.number())
		p.space()
	}
	return step
}

func (p *pathParser) number() int {
	end := p.at
	for end < len(p.text) && (p.text[end] == '-' || p.text[end] >= '0' && p.text[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(p.text[p.at:end], 10, 32)
	if err != nil {
		p.fail("a number is missing or too great")
		return 0
	}
	p.at = end
	return int(n)
}
