package expr

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// jsonStep is one step of a path: a member, an element, or all of them.
type jsonStep struct {
	key   string
	index int
	kind  byte // 'k' member, 'i' element, '*' all
}

// jsonPath is a compiled SQL/JSON path. many says that it may give several values.
type jsonPath struct {
	steps []jsonStep
	many  bool
}

// compileJSONPath reads `[lax | strict] $.a["b"][0][*].*`.
func compileJSONPath(text string) (*jsonPath, error) {
	rest := strings.TrimSpace(text)
	rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, "lax "), "strict "))
	bad := errs.Userf("'%s' is not a JSON path such as 'lax $.a[0].b'", text)
	if !strings.HasPrefix(rest, "$") {
		return nil, bad
	}
	rest = rest[1:]
	p := &jsonPath{}
	for rest != "" {
		var step jsonStep
		var ok bool
		switch {
		case strings.HasPrefix(rest, ".."):
			return nil, errs.Unsupportedf("the JSON path '%s' uses .. (descendants)", text)
		case rest[0] == '.':
			step, rest, ok = memberStep(rest[1:])
		case rest[0] == '[':
			step, rest, ok = bracketStep(rest[1:])
		}
		if !ok {
			return nil, bad
		}
		p.many = p.many || step.kind == '*'
		p.steps = append(p.steps, step)
	}
	return p, nil
}

func memberStep(text string) (step jsonStep, rest string, ok bool) {
	if strings.HasPrefix(text, "*") {
		return jsonStep{kind: '*'}, text[1:], true
	}
	if strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text[1:], '"')
		if end < 0 {
			return step, "", false
		}
		return jsonStep{kind: 'k', key: text[1 : end+1]}, text[end+2:], true
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	return jsonStep{kind: 'k', key: text[:end]}, text[end:], end > 0
}

func bracketStep(text string) (step jsonStep, rest string, ok bool) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return step, "", false
	}
	inner := strings.TrimSpace(text[:end])
	rest = text[end+1:]
	if inner == "*" {
		return jsonStep{kind: '*'}, rest, true
	}
	if n := len(inner); n >= 2 && (inner[0] == '\'' || inner[0] == '"') && inner[n-1] == inner[0] {
		return jsonStep{kind: 'k', key: inner[1 : n-1]}, rest, true
	}
	index, err := strconv.Atoi(inner)
	return jsonStep{kind: 'i', index: index}, rest, err == nil && index >= 0
}

// find lists the raw values at the path in a valid JSON text.
func (p *jsonPath) find(text []byte) [][]byte {
	found := [][]byte{trimJSON(text)}
	for _, step := range p.steps {
		var next [][]byte
		for _, value := range found {
			next = step.apply(next, value)
		}
		found = next
	}
	return found
}

func (s jsonStep) apply(dst [][]byte, value []byte) [][]byte {
	isObject := value[0] == '{'
	if !isObject && value[0] != '[' || s.kind == 'k' && !isObject || s.kind == 'i' && isObject {
		return dst
	}
	at := 0
	eachJSON(value, func(key, element []byte) bool {
		switch {
		case s.kind == '*', s.kind == 'i' && at == s.index:
			dst = append(dst, element)
		case s.kind == 'k' && jsonText(key) == s.key:
			dst = append(dst, element)
			return false
		}
		at++
		return s.kind != 'i' || at <= s.index
	})
	return dst
}

// eachJSON visits the elements of an array or the members of an object (with the
// raw key) until visit returns false. The text is valid.
func eachJSON(value []byte, visit func(key, element []byte) bool) {
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
		if !visit(key, rest[:end]) {
			return
		}
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
