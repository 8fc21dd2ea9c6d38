package expr

import "strings"

// jsonSearch is what a path is followed in.
type jsonSearch struct {
	root []byte
	lax  bool
	// left is the work that may be done yet, in bytes read.
	left int
	// constants are the values by now of operands whose paths begin at the document.
	constants map[*jsonOperand]jsonNode
}

// Work that a path may cause in a text, and for each byte of it: each `..` of a path may
// multiply what was found before it. A value costs its length and as many bytes.
const (
	jsonWorkMax     = 1 << 28
	jsonWorkPerByte = 512
	jsonValueCost   = 64
	// jsonCallCost is for each byte that a function works on: it copies or parses it, and
	// may make a value of the size of its arguments for each value that a path selects.
	jsonCallCost = 32
)

// spend takes the work for a value; false tells that it is too much.
func (in *jsonSearch) spend(value []byte) bool {
	in.left -= len(value) + jsonValueCost
	return in.left >= 0
}

// spendOnCall takes the work of a function for what it is given.
func (in *jsonSearch) spendOnCall(values ...[]byte) bool {
	for _, value := range values {
		in.left -= jsonCallCost*len(value) + jsonValueCost
	}
	return in.left >= 0
}

// find appends the raw values at the path in a valid JSON text. The fault says that one
// that must be there is not, or that it takes too much work to find them.
func (p *jsonPath) find(dst [][]byte, text []byte) (found [][]byte, fault jsonFault) {
	in := &jsonSearch{root: trimJSON(text), lax: p.lax, left: jsonWorkMax + jsonWorkPerByte*len(text)}
	found, missing := p.search(dst, in.root, in)
	switch {
	case in.left < 0:
		return dst, pathTooMuch
	case missing:
		return found, pathNowhere
	}
	return found, pathFound
}

// jsonFault is how following a path can fail.
type jsonFault uint8

const (
	pathFound jsonFault = iota
	pathNowhere
	pathTooMuch
)

// search appends the values at the path from one in a document; missing says that one
// that must be there is not.
func (p *jsonPath) search(dst [][]byte, value []byte, in *jsonSearch) (found [][]byte, missing bool) {
	if !p.many {
		if value, ok := p.one(value, in); ok {
			return append(dst, value), false
		}
		return dst, true
	}
	found = [][]byte{value}
	definite := true
	for i := range p.steps {
		var next [][]byte
		step := &p.steps[i]
		scan := i > 0 && p.steps[i-1].kind == stepDeep
		for _, value := range found {
			if !in.spend(value) {
				return dst, true
			}
			if step.kind == stepFilter {
				next = step.filtered(next, value, in, scan)
			} else {
				next = step.apply(next, value, in)
			}
		}
		if definite && len(next) == 0 && (step.definite() || !step.fits(found[0])) {
			return dst, true
		}
		definite = definite && step.definite()
		found = next
	}
	return append(dst, found...), false
}

// one is the value that a path of definite steps leads to.
func (p *jsonPath) one(value []byte, in *jsonSearch) ([]byte, bool) {
	for i := range p.steps {
		switch s := &p.steps[i]; {
		case !s.fits(value):
			return nil, false
		case s.kind == stepCall:
			if value = s.called(value, in); value == nil {
				return nil, false
			}
		case s.merged:
			value = mergedMembers(value, s.keys)
		case s.kind == stepKeys:
			if value = memberOf(value, s.keys[0]); value == nil {
				return nil, false
			}
		default:
			if value = elementAt(value, s.indexes[0]); value == nil {
				return nil, false
			}
		}
	}
	return value, true
}

// fits reports whether the step can be applied to a value at all.
func (s *jsonStep) fits(value []byte) bool {
	switch s.kind {
	case stepKeys:
		return value[0] == '{'
	case stepIndex, stepSlice:
		return value[0] == '['
	case stepFilter:
		return value[0] == '[' || value[0] == '{'
	}
	return true
}

// apply appends what the step selects of a value.
func (s *jsonStep) apply(dst [][]byte, value []byte, in *jsonSearch) [][]byte {
	if s.kind == stepDeep {
		dst = append(dst, value)
	}
	if s.kind == stepCall {
		if made := s.called(value, in); made != nil {
			dst = append(dst, made)
		}
		return dst
	}
	if !s.fits(value) || value[0] != '{' && value[0] != '[' {
		return dst
	}
	switch {
	case s.merged:
		dst = append(dst, mergedMembers(value, s.keys))
	case s.kind == stepKeys:
		for _, wanted := range s.keys {
			if member := memberOf(value, wanted); member != nil {
				dst = append(dst, member)
			}
		}
	case s.kind == stepAll:
		eachJSON(value, func(_, element []byte) { dst = append(dst, element) })
	case s.kind == stepDeep:
		eachJSON(value, func(_, element []byte) {
			if in.spend(element) {
				dst = s.apply(dst, element, in)
			}
		})
	default:
		dst = s.elements(dst, value)
	}
	return dst
}

// filtered appends the elements of an array that the condition holds for, or an
// object that it holds for. Behind `..` it is asked of arrays too before their
// elements are: these are visited on their own.
func (s *jsonStep) filtered(dst [][]byte, value []byte, in *jsonSearch, scan bool) [][]byte {
	switch {
	case value[0] == '{', value[0] == '[' && scan:
		if !s.filter.holds(value, in) {
			return dst
		}
		if value[0] == '{' {
			return append(dst, value)
		}
	case value[0] != '[':
		return dst
	}
	eachJSON(value, func(_, element []byte) {
		if s.filter.holds(element, in) {
			dst = append(dst, element)
		}
	})
	return dst
}

// memberOf is the last of an object's members called key, or nil.
func memberOf(value []byte, key string) []byte {
	var last []byte
	eachJSON(value, func(raw, element []byte) {
		if keyEquals(raw, key) {
			last = element
		}
	})
	return last
}

// mergedMembers is an object of those of the members that are there.
func mergedMembers(value []byte, keys []string) []byte {
	var members []jsonMember
	for _, key := range keys {
		if member := memberOf(value, key); member != nil {
			members = append(members, jsonMember{key: key, value: member})
		}
	}
	return appendJSONMembers(nil, members)
}

func keyEquals(raw []byte, key string) bool {
	if inner := raw[1 : len(raw)-1]; string(inner) == key {
		return strings.IndexByte(key, '\\') < 0
	}
	return strings.IndexByte(string(raw), '\\') >= 0 && jsonText(raw) == key
}

// elementAt is an element of an array by its number, from the end when negative, or
// nil.
func elementAt(value []byte, index int) []byte {
	if index < 0 {
		count := 0
		eachJSON(value, func(_, _ []byte) { count++ })
		if index += count; index < 0 {
			return nil
		}
	}
	var found []byte
	at := 0
	eachJSON(value, func(_, element []byte) {
		if at == index {
			found = element
		}
		at++
	})
	return found
}

// elements appends the elements that indexes or a slice select. The ends of a slice
// count from the array's end when they are negative, those of both ends only where
// they select.
func (s *jsonStep) elements(dst [][]byte, value []byte) [][]byte {
	all := jsonElements(value)
	pick := func(i int) {
		if i < 0 {
			i += len(all)
		}
		if i >= 0 && i < len(all) {
			dst = append(dst, all[i])
		}
	}
	if s.kind == stepIndex {
		for _, index := range s.indexes {
			pick(index)
		}
		return dst
	}
	from, to := s.from, len(all)
	if !s.open {
		to = min(s.to, len(all))
	}
	if s.open && from < 0 {
		from = max(from+len(all), 0)
	}
	if s.start && to < 0 {
		to += len(all)
	}
	for i := max(from, -len(all)); i < to; i++ {
		pick(i)
	}
	return dst
}
