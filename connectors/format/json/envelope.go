package json

import (
	"slices"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/operators/stream"
)

// EnvelopeConfig describes records that are changes: objects that hold rows in some
// of their members.
type EnvelopeConfig struct {
	// Name is the format's name, the prefix of its options.
	Name string
	// Members are the keys that matter. A Place of them is got by index.
	Members []string
	// Inside, when not empty, is the key of the member that holds the envelope.
	Inside string
	// Changes appends a record's changes with the methods of e. It reports false
	// after e.Fail, or when one of the methods did.
	Changes func(e *Envelope) bool
	// Around is the metadata that the envelope can give to each row.
	Around []Around
}

// Envelope is a record's envelope while its changes are decoded.
type Envelope struct {
	d       *decoder
	members *object
	at      []Place
	// outer are the members around the envelope, of which the first, inside, holds it; nil
	// without Inside.
	outer   *object
	inside  string
	outerAt []Place
	apply   func(e *Envelope) bool
	around  []metadatum
}

// Place is where a value stands in the record; 0 is nowhere, for a member that is
// absent or null.
type Place int

// NewEnvelopeDecoder makes a decoder of changes.
func NewEnvelopeDecoder(c codec.Config, e EnvelopeConfig) (codec.Decoder, error) {
	d, err := newDecoder(c, e.Name)
	if err != nil {
		return nil, err
	}
	d.envelope = newEnvelope(d, e, c)
	return d, nil
}

func newEnvelope(d *decoder, config EnvelopeConfig, c codec.Config) *Envelope {
	members, outside := slices.Clone(config.Members), []string{config.Inside}
	e := &Envelope{d: d, inside: config.Inside, apply: config.Changes}
	for i, f := range c.Wanted() {
		key, ok := c.Metadata[f.Name]
		if at := slices.IndexFunc(config.Around, func(a Around) bool { return a.Key == key }); ok && at >= 0 {
			e.around = append(e.around, newMetadatum(config.Around[at], newNode(f.Name, f.Type, d.set.Cols[i]), &members, &outside))
		}
	}
	e.members, e.at = newMembers(members), make([]Place, len(members))
	if config.Inside != "" {
		e.outer, e.outerAt = newMembers(outside), make([]Place, len(outside))
	}
	return e
}

// NewEnvelopeEncoder makes an encoder of changes for the format called name: added
// stands around rows that are added, removed around those taken away.
func NewEnvelopeEncoder(c codec.Config, name string, added, removed Frame) (codec.Encoder, error) {
	e, err := newEncoder(c, name)
	if err != nil {
		return nil, err
	}
	e.added, e.removed = added, removed
	return e, nil
}

// newMembers makes an object whose members are only looked up.
func newMembers(names []string) *object {
	o := &object{byName: map[string]*node{}, byKey: map[string]int32{}, first: -1}
	for i, name := range names {
		o.byName[name] = &node{path: name, part: i}
	}
	return o
}

// changes decodes the envelope at i.
func (e *Envelope) changes(i int) int {
	if e.outer == nil {
		if i = e.d.locate(e.members, e.at, i); i < 0 || !e.apply(e) {
			return -1
		}
		return i
	}
	end := e.d.locate(e.outer, e.outerAt, i)
	if end < 0 {
		return -1
	}
	inner := e.outerAt[0]
	if inner == 0 {
		return e.d.fail("the record has no member '%s'", e.inside)
	}
	if e.d.locate(e.members, e.at, int(inner)) < 0 || !e.apply(e) {
		return -1
	}
	return end
}

// locate notes in places where the members of the object at i stand, and passes over
// it.
func (d *decoder) locate(o *object, places []Place, i int) int {
	clear(places)
	if d.data[i] != '{' {
		return d.unexpected(i, "an object")
	}
	if !d.enter(i) {
		return -1
	}
	i = d.space(i + 1)
	for id := int32(-1); d.data[i] != '}'; {
		if d.data[i] != '"' {
			return d.unexpected(i, "a key")
		}
		var member *node
		if member, id, i = d.key(o, id, i); i < 0 {
			return -1
		}
		i = d.space(i)
		at := i
		if i = d.skip(i); i < 0 {
			return -1
		}
		if member != nil {
			places[member.part] = Place(at)
			if d.data[at] == 'n' {
				places[member.part] = 0
			}
		}
		if i = d.space(i); d.data[i] == '}' {
			break
		}
		if d.data[i] != ',' {
			return d.unexpected(i, "',' or '}'")
		}
		i = d.space(i + 1)
	}
	d.depth--
	return i + 1
}

// At is the place of a member.
func (e *Envelope) At(member int) Place { return e.at[member] }

// Text is the inside of the string at p as it stands in the record, nil when there
// is none; valid until the next record.
func (e *Envelope) Text(p Place) []byte {
	if p == 0 || e.d.data[p] != '"' {
		return nil
	}
	raw, _, _ := e.d.str(int(p))
	return raw
}

// Fail makes the record a bad one. It gives false.
func (e *Envelope) Fail(format string, args ...any) bool {
	e.d.fail(format, args...)
	return false
}

// Row appends the object at p as a row.
func (e *Envelope) Row(kind stream.RowKind, p Place) bool {
	d := e.d
	if d.data[p] != '{' {
		return d.unexpected(int(p), "an object") > 0
	}
	if d.fields(d.root, d.rows, int(p)) < 0 {
		return false
	}
	for i := range e.around {
		if e.around[i].add(e) < 0 {
			return false
		}
	}
	d.rows++
	d.kinds = append(d.kinds, kind)
	return true
}

// RowOver appends the object at p as a row with the members of the object at over
// in place of its own; over may be nowhere.
func (e *Envelope) RowOver(kind stream.RowKind, p, over Place) bool {
	d := e.d
	if !e.Row(kind, p) {
		return false
	}
	if over == 0 {
		return true
	}
	if d.data[over] != '{' {
		return d.unexpected(int(over), "an object") > 0
	}
	return d.fields(d.root, d.rows-1, int(over)) > 0
}

// First is the place of the first element of the array at p, Next that of the one
// after an element; 0 when there is none.
func (e *Envelope) First(p Place) Place {
	if e.d.data[p] != '[' {
		return 0
	}
	i := e.d.space(int(p) + 1)
	if e.d.data[i] == ']' {
		return 0
	}
	return Place(i)
}

// Next is the place of the element after the one at p; see First.
func (e *Envelope) Next(p Place) Place {
	i := e.d.space(e.d.skip(int(p)))
	if e.d.data[i] == ']' {
		return 0
	}
	return Place(e.d.space(i + 1))
}
