package expr

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// stepKind is what a step of a path selects.
type stepKind uint8

const (
	stepKeys  stepKind = iota // members by name
	stepIndex                 // elements by number, from the end when negative
	stepSlice                 // elements from one number to another
	stepAll                   // all members or elements
	stepDeep                  // the value and all below it
)

// jsonStep is one step of a path.
type jsonStep struct {
	kind    stepKind
	keys    []string
	indexes []int
	// from and to bound a slice; open says that to is the end.
	from, to int
	open     bool
}

// definite reports whether the step selects at most one value.
func (s *jsonStep) definite() bool {
	return s.kind == stepKeys && len(s.keys) == 1 || s.kind == stepIndex && len(s.indexes) == 1
}

// jsonPath is a compiled SQL/JSON path.
type jsonPath struct {
	steps []jsonStep
	// lax paths make nothing of what goes wrong; strict ones, the default, fail.
	lax bool
	// many says that it selects a list of values.
	many bool
}

// compileJSONPath reads `[lax | strict] $.a["b"][0][*].*`. It knows members,
// elements from either end, slices, unions, `*` and `..`, and no filters.
func compileJSONPath(text string) (*jsonPath, error) {
	p := &jsonPath{}
	rest := strings.TrimSpace(text)
	if mode, after, ok := strings.Cut(rest, " "); ok && (strings.EqualFold(mode, "lax") || strings.EqualFold(mode, "strict")) {
		p.lax, rest = strings.EqualFold(mode, "lax"), strings.TrimSpace(after)
	}
	bad := errs.Userf("'%s' is not a JSON path such as 'lax $.a[0].b'", text)
	if !strings.HasPrefix(rest, "$") {
		return nil, bad
	}
	rest = rest[1:]
	for rest != "" {
		if strings.HasPrefix(rest, "..") {
			p.steps, p.many = append(p.steps, jsonStep{kind: stepDeep}), true
			if rest = rest[1:]; strings.HasPrefix(rest, ".[") {
				rest = rest[1:]
			}
		}
		var step jsonStep
		var ok bool
		switch {
		case strings.HasPrefix(rest, "[?"):
			return nil, errs.Unsupportedf("the JSON path '%s' has a filter [?(…)]", text)
		case strings.HasPrefix(rest, "."):
			step, rest, ok = memberStep(rest[1:])
		case strings.HasPrefix(rest, "["):
			step, rest, ok = bracketStep(rest[1:])
		}
		if !ok {
			return nil, bad
		}
		p.many = p.many || !step.definite()
		p.steps = append(p.steps, step)
	}
	return p, nil
}

func memberStep(text string) (step jsonStep, rest string, ok bool) {
	if strings.HasPrefix(text, "*") {
		return jsonStep{kind: stepAll}, text[1:], true
	}
	if strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text[1:], '"')
		if end < 0 {
			return step, "", false
		}
		return jsonStep{keys: []string{text[1 : end+1]}}, text[end+2:], true
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	return jsonStep{keys: []string{text[:end]}}, text[end:], end > 0
}

func bracketStep(text string) (step jsonStep, rest string, ok bool) {
	end := bracketEnd(text)
	if end < 0 {
		return step, "", false
	}
	inner, rest := strings.TrimSpace(text[:end]), text[end+1:]
	switch {
	case inner == "*":
		return jsonStep{kind: stepAll}, rest, true
	case inner == "":
		return step, "", false
	case inner[0] == '\'' || inner[0] == '"':
		step.keys, ok = quotedKeys(inner)
		return step, rest, ok
	case strings.Contains(inner, ":"):
		step, ok = sliceStep(inner)
		return step, rest, ok
	}
	step.kind = stepIndex
	for part := range strings.SplitSeq(inner, ",") {
		index, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return step, "", false
		}
		step.indexes = append(step.indexes, index)
	}
	return step, rest, true
}

// bracketEnd finds the bracket that closes, quoted ones left aside.
func bracketEnd(text string) int {
	quote := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ']':
			return i
		}
	}
	return -1
}

// quotedKeys reads `'a', "b"`.
func quotedKeys(text string) (keys []string, ok bool) {
	for {
		end := strings.IndexByte(text[1:], text[0])
		if end < 0 {
			return nil, false
		}
		keys = append(keys, text[1:end+1])
		text = strings.TrimSpace(text[end+2:])
		if text == "" {
			return keys, true
		}
		if text = strings.TrimSpace(strings.TrimPrefix(text, ",")); len(text) < 2 || text[0] != '\'' && text[0] != '"' {
			return nil, false
		}
	}
}

func sliceStep(inner string) (jsonStep, bool) {
	from, to, _ := strings.Cut(inner, ":")
	step := jsonStep{kind: stepSlice, open: strings.TrimSpace(to) == ""}
	var err1, err2 error
	if from = strings.TrimSpace(from); from != "" {
		step.from, err1 = strconv.Atoi(from)
	}
	if !step.open {
		step.to, err2 = strconv.Atoi(strings.TrimSpace(to))
	}
	return step, err1 == nil && err2 == nil
}

// find lists the raw values at the path in a valid JSON text; missing says that
// one that must be there is not.
func (p *jsonPath) find(text []byte) (found [][]byte, missing bool) {
	found = [][]byte{trimJSON(text)}
	definite := true
	for i := range p.steps {
		var next [][]byte
		step := &p.steps[i]
		for _, value := range found {
			next = step.apply(next, value)
		}
		if definite && len(next) == 0 && (step.definite() || !step.fits(found[0])) {
			return nil, true
		}
		definite = definite && step.definite()
		found = next
	}
	return found, false
}

// fits reports whether the step can be applied to a value at all.
func (s *jsonStep) fits(value []byte) bool {
	switch s.kind {
	case stepKeys:
		return value[0] == '{'
	case stepIndex, stepSlice:
		return value[0] == '['
	}
	return true
}

// apply appends what the step selects of a value.
func (s *jsonStep) apply(dst [][]byte, value []byte) [][]byte {
	if s.kind == stepDeep {
		dst = append(dst, value)
	}
	if !s.fits(value) || value[0] != '{' && value[0] != '[' {
		return dst
	}
	switch s.kind {
	case stepKeys:
		for _, wanted := range s.keys {
			dst = appendMember(dst, value, wanted)
		}
	case stepAll:
		eachJSON(value, func(_, element []byte) { dst = append(dst, element) })
	case stepDeep:
		eachJSON(value, func(_, element []byte) { dst = s.apply(dst, element) })
	default:
		dst = s.elements(dst, value)
	}
	return dst
}

// appendMember appends the last of the members called key.
func appendMember(dst [][]byte, value []byte, key string) [][]byte {
	var last []byte
	eachJSON(value, func(raw, element []byte) {
		if keyEquals(raw, key) {
			last = element
		}
	})
	if last == nil {
		return dst
	}
	return append(dst, last)
}

func keyEquals(raw []byte, key string) bool {
	if inner := raw[1 : len(raw)-1]; string(inner) == key {
		return strings.IndexByte(key, '\\') < 0
	}
	return strings.IndexByte(string(raw), '\\') >= 0 && jsonText(raw) == key
}

// elements appends the elements that an index or a slice selects.
func (s *jsonStep) elements(dst [][]byte, value []byte) [][]byte {
	var all [][]byte
	eachJSON(value, func(_, element []byte) { all = append(all, element) })
	at := func(i int) int {
		if i < 0 {
			i += len(all)
		}
		return i
	}
	if s.kind == stepIndex {
		for _, index := range s.indexes {
			if i := at(index); i >= 0 && i < len(all) {
				dst = append(dst, all[i])
			}
		}
		return dst
	}
	from, to := max(at(s.from), 0), len(all)
	if !s.open {
		to = min(at(s.to), len(all))
	}
	if from < to {
		dst = append(dst, all[from:to]...)
	}
	return dst
}

// eachJSON visits the elements of an array or the members of an object (with the
// raw key). The text is valid.
func eachJSON(value []byte, visit func(key, element []byte)) {
	isObject := value[0] == '{'
	rest := trimJSON(value[1 : len(value)-1])
	for len(rest) > 0 {
		var key []byte
		if isObject {
			end := endOfJSON(rest)
			key = rest[:end]
			rest = trimJSON(trimJSON(rest[end:])[1:])
		}
		end := endOfJSON(rest)
		visit(key, rest[:end])
		rest = trimJSON(rest[end:])
		if len(rest) > 0 {
			rest = trimJSON(rest[1:])
		}
	}
}

// endOfJSON is the length of the value at the start of text.
func endOfJSON(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

func trimJSON(text []byte) []byte {
	for len(text) > 0 && isJSONSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isJSONSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isJSONSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// jsonText is the value of a raw JSON string.
func jsonText(raw []byte) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}
