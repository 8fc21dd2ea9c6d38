package json

import (
	"slices"
	"strconv"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/text"
)

// Around is a piece of metadata that stands beside the rows of an envelope.
type Around struct {
	connector.MetadataSpec
	// Member is the member of the envelope that holds it, Part, when not empty, the
	// member of that one. Outside tells that Member stands beside the envelope.
	Member  string
	Part    string
	Outside bool
	// Time is how a time is written.
	Time TimeForm
}

// TimeForm is how envelopes write the times around rows.
type TimeForm uint8

// The forms.
const (
	NoTime   TimeForm = iota // the value reads as its column's
	Millis                   // milliseconds since 1970, in UTC
	Seconds                  // seconds likewise
	Zoneless                 // a date and a time of UTC, without a zone, in either standard
)

// metadatum fills a column with a piece of metadata.
type metadatum struct {
	Around
	node *node
	// member is its number among the envelope's members, or those beside it.
	member int
	// part finds Part; nil without one.
	part *object
}

// newMetadatum makes a metadatum, whose member is added to those that are looked for.
func newMetadatum(a Around, n *node, members, outside *[]string) metadatum {
	m := metadatum{Around: a, node: n}
	if a.Outside {
		members = outside
	}
	if m.member = slices.Index(*members, a.Member); m.member < 0 {
		m.member = len(*members)
		*members = append(*members, a.Member)
	}
	if a.Part != "" {
		m.part = newMembers([]string{a.Part})
	}
	return m
}

// add appends the current record's value, negative for a bad record.
func (m *metadatum) add(e *Envelope) int {
	d := e.d
	place := [1]Place{}
	switch {
	case !m.Outside:
		place[0] = e.at[m.member]
	case e.outer != nil:
		place[0] = e.outerAt[m.member]
	}
	if m.part != nil && place[0] != 0 && d.locate(m.part, place[:], int(place[0])) < 0 {
		return -1
	}
	at := int(place[0])
	if at == 0 {
		return m.absent(d)
	}
	next := -1
	switch m.Time {
	case Millis:
		next = d.integer(m.node, at)
	case Seconds, Zoneless:
		next = m.time(d, at)
	default:
		return d.value(m.node, at)
	}
	if next < 0 && d.lenient {
		return d.forgive(m.node, at)
	}
	return next
}

// absent gives NULL.
func (m *metadatum) absent(d *decoder) int {
	if !m.node.typ.Nullable {
		return d.fail("column '%s': is NOT NULL, and the record has no '%s'", m.node.path, m.Key)
	}
	m.node.col.Null()
	return 0
}

// secondsMax bounds times of the form Seconds, in either direction: the year 9999.
const secondsMax = 253_402_300_799

// time decodes a time of the forms Seconds and Zoneless.
func (m *metadatum) time(d *decoder, i int) int {
	tok, next := d.token(m.node, i, "not a time")
	if next < 0 {
		return -1
	}
	var v int64
	var err error
	if m.Time == Seconds {
		v, err = strconv.ParseInt(asString(tok), 10, 64)
		if v > secondsMax || v < -secondsMax {
			return d.wrong(m.node, i, "number out of range")
		}
		v *= text.Unit(m.node.typ.Precision)
	} else {
		standard := text.SQL
		if slices.Contains(tok, 'T') {
			standard = text.ISO
		}
		v, err = text.ParseTimestamp(tok, standard, m.node.typ.Precision, false)
	}
	if err != nil {
		return d.wrong(m.node, i, "not a time")
	}
	m.node.col.Int(v)
	return next
}
