package filesystem

import (
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

// placeVersion is the format of place. Version 1 is the first.
const placeVersion = 1

// place is a reader's position: the next byte of a file of records (after
// decompression) and the lines before it in the piece, or the next row of a file
// of columns.
type place struct {
	Version int   `msgpack:"v"`
	Offset  int64 `msgpack:"o,omitempty"`
	Line    int64 `msgpack:"l,omitempty"`
	Row     int64 `msgpack:"r,omitempty"`
}

// decode reads a position; nil is the start.
func (p *place) decode(b []byte) error {
	if b == nil {
		return nil
	}
	if err := msgpack.Unmarshal(b, p); err != nil {
		return errs.Wrap(errs.Corruption, err, "position in a file")
	}
	if p.Version != placeVersion {
		return errs.Corruptionf("position in a file has version %d, want %d", p.Version, placeVersion)
	}
	return nil
}

// encode writes a position.
func (p place) encode() []byte {
	p.Version = placeVersion
	b, err := msgpack.Marshal(p)
	if err != nil {
		panic("filesystem: a position does not encode: " + err.Error())
	}
	return b
}
