package agg

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
)

// The aggregates that make JSON take values that are JSON already: the binder
// wraps arguments in JSON_STRING. NULL is null.

// jsonValues reads the JSON texts of one argument.
type jsonValues struct {
	values  arrow.Array
	builder *array.StringBuilder
	text    []byte
}

func (g *jsonValues) appendText(dst []byte, i int) []byte {
	if g.values.IsNull(i) {
		return append(dst, "null"...)
	}
	return append(dst, bytesAt(g.values, i)...)
}

func (g *jsonValues) open(alloc memory.Allocator) { g.builder = array.NewStringBuilder(alloc) }

func (g *jsonValues) finish() arrow.Array {
	defer g.builder.Release()
	return g.builder.NewArray()
}

// jsonArrayGathering is JSON_ARRAYAGG: the values in the order they came.
type jsonArrayGathering struct{ jsonValues }

var _ gathering = (*jsonArrayGathering)(nil)

func (g *jsonArrayGathering) bind(args []arrow.Array) { g.values = args[0] }

func (g *jsonArrayGathering) value(dst []byte, i int) []byte { return g.appendText(dst, i) }

func (g *jsonArrayGathering) add(values [][]byte) error {
	text := append(g.text[:0], '[')
	text = append(append(text, bytes.Join(values, []byte{','})...), ']')
	g.builder.Append(string(text))
	g.text = text
	return nil
}

// jsonObjectGathering is JSON_OBJECTAGG: members in the order of their keys, of
// which none may come twice. A value is the key's length, the key and the text.
type jsonObjectGathering struct {
	jsonValues
	keys arrow.Array
}

var _ gathering = (*jsonObjectGathering)(nil)

func (g *jsonObjectGathering) bind(args []arrow.Array) { g.keys, g.values = args[0], args[1] }

// value marks a NULL key by a length of 0 without anything after it.
func (g *jsonObjectGathering) value(dst []byte, i int) []byte {
	if g.keys.IsNull(i) {
		return dst
	}
	return g.appendText(appendSized(dst, bytesAt(g.keys, i)), i)
}

func (g *jsonObjectGathering) add(values [][]byte) error {
	slices.SortStableFunc(values, func(a, b []byte) int { return bytes.Compare(memberKey(a), memberKey(b)) })
	text := append(g.text[:0], '{')
	var err error
	for i, member := range values {
		key, value := cutSized(member)
		switch {
		case len(member) == 0:
			err = errs.Userf("a key of JSON_OBJECTAGG is NULL")
			continue
		case i > 0 && len(values[i-1]) > 0 && bytes.Equal(key, memberKey(values[i-1])):
			err = errs.Userf("the key '%s' comes twice in JSON_OBJECTAGG", key)
			continue
		case len(text) > 1:
			text = append(text, ',')
		}
		text = append(appendJSONString(text, string(key)), ':')
		text = append(text, value...)
	}
	g.text = append(text, '}')
	g.builder.Append(string(g.text))
	return err
}

// memberKey is the key of an encoded member.
func memberKey(member []byte) []byte {
	key, _ := cutSized(member)
	return key
}

func appendJSONString(dst []byte, s string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("agg: " + err.Error()) // a string always encodes
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}
