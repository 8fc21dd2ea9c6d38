package checkpoint

import (
	"bytes"
	"encoding/binary"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Manifest names everything that an epoch consists of.
type Manifest struct {
	// Job names the job, Epoch the epoch; Kind is the barrier's kind.
	Job   string `msgpack:"j"`
	Epoch uint64 `msgpack:"e"`
	Kind  string `msgpack:"k"`
	// CreatedMillis is when it was published, in epoch milliseconds.
	CreatedMillis int64 `msgpack:"t"`
	// Plan is the job's plan in its own encoding.
	Plan        []byte `msgpack:"p,omitempty"`
	Parallelism int    `msgpack:"n"`
	// KeyGroups is the number of key groups, fixed for a job's life.
	KeyGroups int `msgpack:"g"`
	// Operators, Sources and Sinks are in order of UID, the plan nodes' stable names.
	Operators []Operator `msgpack:"o,omitempty"`
	Sources   []Source   `msgpack:"s,omitempty"`
	Sinks     []Sink     `msgpack:"w,omitempty"`
}

// Operator is the state of one operator.
type Operator struct {
	UID   string `msgpack:"u"`
	Tasks []Task `msgpack:"t"`
}

// Task is the stored snapshot of one task: what Storage.Put gives.
type Task struct {
	KeyGroups state.GroupRange  `msgpack:"g"`
	Tables    []state.TableInfo `msgpack:"i,omitempty"`
	// Cells are the snapshot's cells.
	Cells map[string][][]byte `msgpack:"c,omitempty"`
	// Files are the stored files of the image; empty when there was none.
	Files []File `msgpack:"f,omitempty"`
	// Small are the image's small files, by name.
	Small map[string][]byte `msgpack:"m,omitempty"`
}

// File is one immutable file of an image.
type File struct {
	// Name is its name in the image, Object its name in the storage.
	Name   string `msgpack:"n"`
	Object string `msgpack:"o"`
	Size   int64  `msgpack:"s"`
	// Sum is the XXH3 128-bit checksum of the contents.
	Sum [16]byte `msgpack:"x"`
}

// Source is where the splits of one source stand, each in the engine's encoding.
type Source struct {
	UID    string   `msgpack:"u"`
	Splits [][]byte `msgpack:"s"`
}

// Sink is what one sink's writers prepared in the epoch, and their states.
type Sink struct {
	UID          string   `msgpack:"u"`
	Committables [][]byte `msgpack:"c,omitempty"`
	States       [][]byte `msgpack:"s,omitempty"`
}

// Operator is the operator of the given UID, or nil.
func (m *Manifest) Operator(uid string) *Operator {
	for i := range m.Operators {
		if m.Operators[i].UID == uid {
			return &m.Operators[i]
		}
	}
	return nil
}

// Bytes is the size of all state files, and Objects their names in the storage.
func (m *Manifest) Bytes() int64 {
	total := int64(0)
	for _, o := range m.Operators {
		for _, t := range o.Tasks {
			for _, f := range t.Files {
				total += f.Size
			}
		}
	}
	return total
}

// Objects are the names of all state files in the storage, some maybe twice.
func (m *Manifest) Objects() []string {
	var out []string
	for _, o := range m.Operators {
		for _, t := range o.Tasks {
			for _, f := range t.Files {
				out = append(out, f.Object)
			}
		}
	}
	return out
}

// The ladder of manifest formats. A new rung says what it changed; all rungs are
// read.
const (
	// format1 is msgpack of Manifest as it was first released.
	format1 = 1

	formatNewest = format1
)

// A manifest's bytes are
//
//	"THALWEG\x00" | format u32 | payload length u64 | payload | XXH3-64 of all before, all little endian
const (
	manifestMagic  = "THALWEG\x00"
	manifestHeader = len(manifestMagic) + 4 + 8
	manifestFooter = 8
)

// Encode is the stored form of m.
func (m *Manifest) Encode() ([]byte, error) {
	var payload bytes.Buffer
	if err := msgpack.NewEncoder(&payload).Encode(m); err != nil {
		return nil, errs.Wrap(errs.Bug, err, "manifest of epoch %d", m.Epoch)
	}
	out := append([]byte(nil), manifestMagic...)
	out = binary.LittleEndian.AppendUint32(out, formatNewest)
	out = binary.LittleEndian.AppendUint64(out, uint64(payload.Len()))
	out = append(out, payload.Bytes()...)
	return binary.LittleEndian.AppendUint64(out, xxh3.Hash(out)), nil
}

// Decode reads the stored form of a manifest. Bytes that fail their checks give an
// error of class corruption; a format of the future one of class unsupported.
func Decode(b []byte) (*Manifest, error) {
	if len(b) < manifestHeader+manifestFooter || string(b[:len(manifestMagic)]) != manifestMagic {
		return nil, errs.Corruptionf("not a checkpoint manifest, or one cut short at %d bytes", len(b))
	}
	body, sum := b[:len(b)-manifestFooter], binary.LittleEndian.Uint64(b[len(b)-manifestFooter:])
	if xxh3.Hash(body) != sum {
		return nil, errs.Corruptionf("a checkpoint manifest fails its checksum")
	}
	format := binary.LittleEndian.Uint32(b[len(manifestMagic):])
	if format < format1 || format > formatNewest {
		return nil, errs.Unsupportedf("a checkpoint manifest of format %d; this version reads up to %d", format, formatNewest).
			WithHint("use the version of the program that wrote it, or a newer one")
	}
	payload := body[manifestHeader:]
	if binary.LittleEndian.Uint64(b[len(manifestMagic)+4:]) != uint64(len(payload)) {
		return nil, errs.Corruptionf("a checkpoint manifest holds %d bytes and says otherwise", len(payload))
	}
	m := &Manifest{}
	if err := msgpack.Unmarshal(payload, m); err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "a checkpoint manifest can't be decoded")
	}
	return m, nil
}
