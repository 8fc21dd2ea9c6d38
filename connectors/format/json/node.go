package json

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/types"
)

// node is one wanted column, or a part of a nested one.
type node struct {
	// path names the column in messages: a.b for ROW fields, a[] for elements.
	path string
	typ  types.Type
	col  *column.Column
	// object holds the fields of a ROW, elem an array's element or a map's value,
	// key a map's key.
	object *object
	elem   *node
	key    *node
	// part is the number of a member of an envelope.
	part int
}

// object is what is wanted of a JSON object: the record's or a ROW's. It learns
// in which order keys come.
type object struct {
	fields []*node
	byName map[string]*node
	// known are the keys seen so far, byKey their index. Each remembers which one
	// came after it the last time, as a guess.
	known []knownKey
	byKey map[string]int32
	first int32
}

// knownKey is a key as it stands in records.
type knownKey struct {
	// text is the key without its opening quote but with its closing one and the
	// colon, as it stands in compact JSON. word is its first bytes, mask those of
	// them that count.
	text string
	word uint64
	mask uint64
	// field is nil when the key is not wanted.
	field *node
	next  int32
}

// knownKeysMax bounds the memory of an object whose keys never repeat.
const knownKeysMax = 1024

// newObject makes nodes for fields over the builders cols.
func newObject(path string, fields []types.Field, cols []*column.Column) *object {
	o := &object{byName: map[string]*node{}, byKey: map[string]int32{}, first: -1}
	for i, f := range fields {
		n := newNode(path+f.Name, f.Type, cols[i])
		o.fields = append(o.fields, n)
		o.byName[f.Name] = n
	}
	return o
}

func newNode(path string, t types.Type, col *column.Column) *node {
	n := &node{path: path, typ: t, col: col}
	switch t.Kind {
	case types.Row:
		n.object = newObject(path+".", t.Fields, col.Kids)
	case types.Array:
		n.elem = newNode(path+"[]", *t.Elem, col.Kids[0])
	case types.Map, types.Multiset:
		entries := col.Kids[0]
		n.key = newNode(path+" key", entries.Kids[0].Type, entries.Kids[0])
		n.elem = newNode(path+"{}", entries.Kids[1].Type, entries.Kids[1])
	}
	return n
}

func newKnownKey(name string, field *node) knownKey {
	k := knownKey{text: name + `":`, field: field, next: -1}
	for i := range min(len(k.text), eightBytes) {
		k.word |= uint64(k.text[i]) << (8 * i)
		k.mask |= 0xff << (8 * i)
	}
	return k
}

// at reports whether the key and its colon stand in data at i.
func (k *knownKey) at(data []byte, i int) bool {
	end := i + len(k.text)
	if i+eightBytes > len(data) {
		return end <= len(data) && string(data[i:end]) == k.text
	}
	if binary.LittleEndian.Uint64(data[i:])&k.mask != k.word {
		return false
	}
	return len(k.text) <= eightBytes || end <= len(data) && string(data[i+eightBytes:end]) == k.text[eightBytes:]
}

// learn finds the entry of a key that was not as guessed, and makes it the guess
// after prev. raw is the key's inside, name its text. It gives -1 for a key that
// is not kept.
func (o *object) learn(prev int32, raw []byte, plain bool) int32 {
	if !plain {
		return -1
	}
	id, ok := o.byKey[string(raw)]
	if !ok {
		if len(o.known) == knownKeysMax {
			return -1
		}
		name := string(raw)
		id = int32(len(o.known))
		o.known = append(o.known, newKnownKey(name, o.byName[name]))
		o.byKey[name] = id
	}
	if prev < 0 {
		o.first = id
	} else {
		o.known[prev].next = id
	}
	return id
}
