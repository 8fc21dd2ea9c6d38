package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The constraints of a member stand in its `aws` tag, separated by `;`:
//
//	required            the member must be there
//	len=1..128          a string's characters, or a list's, map's or blob's elements
//	value=24..8760      a number
//	pattern=[a-z]+      the whole string
//	enum=A|B            the string is one of these
//
// A bound of `..` may be left out. Members are pointers, strings, slices, maps or
// structs; an optional number is a pointer.

// constraint are the rules of a member.
type constraint struct {
	// name is how messages spell the member. An embedded struct has none: its
	// members are those of the struct around it.
	name     string
	embedded bool
	required bool
	length   *bounds
	value    *bounds
	pattern  *regexp.Regexp
	text     string // the pattern as the message shows it
	enum     []string
}

type bounds struct{ low, high int64 }

// constraints of a struct type by field, made once.
var constraintsOf sync.Map // reflect.Type → []constraint

// validate checks an input and all structs in it; its error lists everything that
// is wrong in the words that AWS uses, which some suites compare.
func validate(input any) error {
	var v violations
	v.structure(reflect.ValueOf(input).Elem(), nil)
	if len(v.found) == 0 {
		return nil
	}
	noun := "errors"
	if len(v.found) == 1 {
		noun = "error"
	}
	return Errorf(CodeValidation, "%d validation %s detected: %s", len(v.found), noun, strings.Join(v.found, "; "))
}

type violations struct{ found []string }

func (v *violations) add(value string, at *place, must string) {
	v.found = append(v.found, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, at, must))
}

// place is where a member lies; its text is made only for what is wrong.
type place struct {
	in   *place
	name string // of a member
	// element counts a list's elements from 1; then name is empty.
	element int
}

// String spells a place as messages do: records.2.member.partitionKey.
func (p *place) String() string {
	text := p.name
	if p.element > 0 {
		text = strconv.Itoa(p.element) + ".member"
	}
	if p.in == nil {
		return text
	}
	return p.in.String() + "." + text
}

func (v *violations) structure(s reflect.Value, in *place) {
	for i, c := range rulesOf(s.Type()) {
		if c.embedded {
			v.structure(s.Field(i), in)
			continue
		}
		v.member(s.Field(i), &c, &place{in: in, name: c.name})
	}
}

// lowerFirst spells a member as messages do.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func (v *violations) member(m reflect.Value, c *constraint, at *place) {
	if absent(m) {
		if c.required {
			v.add("null", at, "not be null")
		}
		return
	}
	for m.Kind() == reflect.Pointer {
		m = m.Elem()
	}
	switch m.Kind() {
	case reflect.String:
		v.text(m.String(), c, at)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.number(m.Int(), c, at)
	case reflect.Slice, reflect.Map:
		v.elements(m, c, at)
	case reflect.Struct:
		if m.Type() != reflect.TypeFor[Timestamp]() {
			v.structure(m, at)
		}
	}
}

// absent reports a member that the request did not have. Strings are told by
// pointers where the empty string is not the same as none.
func absent(m reflect.Value) bool {
	switch m.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return m.IsNil()
	}
	return false
}

func (v *violations) text(s string, c *constraint, at *place) {
	if !c.length.holds(utf8.RuneCountInString(s)) {
		v.length(utf8.RuneCountInString(s), c, "'"+s+"'", at)
	}
	if c.pattern != nil && !c.pattern.MatchString(s) {
		v.add("'"+s+"'", at, "satisfy regular expression pattern: "+c.text)
	}
	if c.enum != nil && !slices.Contains(c.enum, s) {
		v.add("'"+s+"'", at, "satisfy enum value set: ["+strings.Join(c.enum, ", ")+"]")
	}
}

func (v *violations) number(n int64, c *constraint, at *place) {
	if c.value == nil {
		return
	}
	if n < c.value.low {
		v.add(fmt.Sprintf("'%d'", n), at, fmt.Sprintf("have value greater than or equal to %d", c.value.low))
	}
	if n > c.value.high {
		v.add(fmt.Sprintf("'%d'", n), at, fmt.Sprintf("have value less than or equal to %d", c.value.high))
	}
}

// holds reports whether a length is in bounds; none hold always.
func (b *bounds) holds(n int) bool { return b == nil || int64(n) >= b.low && int64(n) <= b.high }

// length tells that a length is out of bounds.
func (v *violations) length(n int, c *constraint, value string, at *place) {
	if int64(n) < c.length.low {
		v.add(value, at, fmt.Sprintf("have length greater than or equal to %d", c.length.low))
		return
	}
	v.add(value, at, fmt.Sprintf("have length less than or equal to %d", c.length.high))
}

// elements checks a list, map or blob; list elements are named from 1.
func (v *violations) elements(m reflect.Value, c *constraint, at *place) {
	isBlob := m.Kind() == reflect.Slice && m.Type().Elem().Kind() == reflect.Uint8
	if !c.length.holds(m.Len()) {
		v.length(m.Len(), c, "'"+summary(m, isBlob)+"'", at)
	}
	if isBlob || m.Kind() == reflect.Map {
		return
	}
	element := constraint{pattern: c.pattern, text: c.text, enum: c.enum}
	for i := range m.Len() {
		v.member(m.Index(i), &element, &place{in: at, element: i + 1})
	}
}

// summary shows a collection without its contents, which may be large.
func summary(m reflect.Value, isBlob bool) string {
	if isBlob {
		return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", m.Len(), m.Len())
	}
	return fmt.Sprintf("[%d elements]", m.Len())
}

func rulesOf(t reflect.Type) []constraint {
	if known, ok := constraintsOf.Load(t); ok {
		return known.([]constraint)
	}
	rules := make([]constraint, t.NumField())
	for i := range rules {
		rules[i] = parseConstraint(t, t.Field(i))
	}
	constraintsOf.Store(t, rules)
	return rules
}

// parseConstraint reads a tag; a malformed one is a bug.
func parseConstraint(t reflect.Type, f reflect.StructField) constraint {
	c := constraint{embedded: f.Anonymous}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		name = f.Name
	}
	c.name = lowerFirst(name)
	tag := f.Tag.Get("aws")
	for part := range strings.SplitSeq(tag, ";") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "":
		case "required":
			c.required = true
		case "len":
			c.length = parseBounds(value)
		case "value":
			c.value = parseBounds(value)
		case "pattern":
			c.text, c.pattern = value, regexp.MustCompile("^(?:"+value+")$")
		case "enum":
			c.enum = strings.Split(value, "|")
		default:
			panic(fmt.Sprintf("wire: %s.%s has an unknown constraint %q", t, f.Name, key))
		}
	}
	return c
}

func parseBounds(text string) *bounds {
	low, high, _ := strings.Cut(text, "..")
	b := &bounds{0, 1<<63 - 1}
	if low != "" {
		b.low = mustInt(low)
	}
	if high != "" {
		b.high = mustInt(high)
	}
	return b
}

func mustInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("wire: bad bound " + text)
	}
	return n
}
