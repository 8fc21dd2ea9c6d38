package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// status is what follows a field.
type status uint8

const (
	fieldEnd   status = iota // another field
	recordEnd                // nothing: the record is complete
	incomplete               // more data is needed to tell
	broken                   // the record is wrong, for scanner.reason
)

// scanner cuts a record into fields.
type scanner struct {
	dialect
	data   []byte
	at     int
	final  bool
	reason string
}

// cell is one field as it stands in the data.
type cell struct {
	raw    []byte
	quoted bool
	// coded tells that raw holds doubled quotes or escapes.
	coded bool
}

// start begins a record at the front of data.
func (s *scanner) start(data []byte, final bool) { s.data, s.at, s.final = data, 0, final }

// next gives the next field of the record. After the last one, at is behind the
// line end.
func (s *scanner) next() (cell, status) {
	if s.quote != 0 && s.at < len(s.data) && s.data[s.at] == s.quote {
		return s.quotedField()
	}
	end := indexEither(s.data, s.at, s.delimiter, '\n')
	if s.escape != 0 {
		if i := bytes.IndexByte(s.data[s.at:end], s.escape); i >= 0 {
			return s.escapedField()
		}
	}
	return s.finish(cell{raw: s.data[s.at:end]}, end)
}

// finish ends a field whose delimiter, line end or end of data is at end.
func (s *scanner) finish(c cell, end int) (cell, status) {
	if end == len(s.data) {
		if !s.final {
			return c, incomplete
		}
		s.at = end
		return s.trim(c), recordEnd
	}
	s.at = end + 1
	if s.data[end] == '\n' {
		return s.trim(c), recordEnd
	}
	return c, fieldEnd
}

// trim takes the \r of a line end off the last field.
func (s *scanner) trim(c cell) cell {
	if !c.quoted {
		c.raw = bytes.TrimSuffix(c.raw, []byte{'\r'})
	}
	return c
}

// escapedField scans a field without quotes that holds escapes.
func (s *scanner) escapedField() (cell, status) {
	i := s.at
	for i < len(s.data) && s.data[i] != s.delimiter && s.data[i] != '\n' {
		if s.data[i] == s.escape {
			i++
		}
		i++
	}
	i = min(i, len(s.data))
	return s.finish(cell{raw: s.data[s.at:i], coded: true}, i)
}

// quotedField scans a field in quotes.
func (s *scanner) quotedField() (cell, status) {
	c := cell{quoted: true}
	i := s.at + 1
	for {
		if i >= len(s.data) {
			if !s.final {
				return c, incomplete
			}
			s.reason = "a quote has no end"
			return c, broken
		}
		b := s.data[i]
		if s.escape != 0 && b == s.escape && i+1 < len(s.data) {
			c.coded = true
			i += 2
			continue
		}
		if b != s.quote {
			i++
			continue
		}
		if i+1 < len(s.data) && s.data[i+1] == s.quote {
			c.coded = true
			i += 2
			continue
		}
		break
	}
	c.raw = s.data[s.at+1 : i]
	i++
	if i == len(s.data) && !s.final {
		return c, incomplete
	}
	for i < len(s.data) && s.data[i] != s.delimiter && (s.data[i] == ' ' || s.data[i] == '\r') {
		i++
	}
	if i < len(s.data) && s.data[i] != s.delimiter && s.data[i] != '\n' {
		s.reason = "text after a closing quote"
		return c, broken
	}
	return s.finish(c, i)
}

// text gives the field's text; it may lie in scratch, and is valid until that is
// used again.
func (c cell) text(scratch *[]byte, s *scanner) []byte {
	if !c.coded {
		return c.raw
	}
	out := (*scratch)[:0]
	for i := 0; i < len(c.raw); i++ {
		b := c.raw[i]
		if i+1 < len(c.raw) && (b == s.escape && s.escape != 0 || c.quoted && b == s.quote) {
			i++
			b = c.raw[i]
		}
		out = append(out, b)
	}
	*scratch = out
	return out
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// indexEither is the index of the first a or b at or after i, or len(data).
func indexEither(data []byte, i int, a, b byte) int {
	wa, wb := ones*uint64(a), ones*uint64(b)
	for i+8 <= len(data) {
		w := binary.LittleEndian.Uint64(data[i:])
		x, y := w^wa, w^wb
		if hit := ((x-ones)&^x | (y-ones)&^y) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
		i += 8
	}
	for i < len(data) && data[i] != a && data[i] != b {
		i++
	}
	return i
}
