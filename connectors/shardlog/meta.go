package shardlog

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

const (
	metaName  = "stream.meta"
	metaMagic = "TwSL"
	// metaVersion is the format of stream.meta. 1: the first.
	metaVersion = 1
	// metaHeaderBytes: magic, version, CRC32C and length of the payload.
	metaHeaderBytes = 16
)

// streamMeta is what stream.meta holds: the stream's description.
type streamMeta struct {
	Name          string `msgpack:"n"`
	CreatedMillis int64  `msgpack:"c"`
	// RetentionHours is how long records are kept at least.
	RetentionHours int64 `msgpack:"r"`
	// OnDemand streams choose the number of their shards themselves.
	OnDemand bool `msgpack:"o,omitempty"`
	// LeastShards is how many they leave themselves; 0 in descriptions of versions that
	// never merged.
	LeastShards int `msgpack:"l,omitempty"`
	// Shards lists all shards that still have records or get them, in the order of
	// their numbers; NextShard is the next one's number.
	Shards    []shardMeta `msgpack:"s"`
	NextShard uint32      `msgpack:"k"`
	// Expired are the shards that are gone, newest last, at most expiredMax of them.
	Expired []expiredShard `msgpack:"g,omitempty"`
	// Tags, Extra and Spread are the Annotations; the first two belong to other rooms.
	Tags   map[string]string `msgpack:"t,omitempty"`
	Extra  map[string][]byte `msgpack:"x,omitempty"`
	Spread bool              `msgpack:"u,omitempty"`
}

// expiredShard is what is remembered of a shard that is gone: so that a job which
// goes on from an older checkpoint learns whether it had read all of it.
type expiredShard struct {
	Number        uint32 `msgpack:"n"`
	CreatedSecond int64  `msgpack:"c"`
	// End is the index after its last record.
	End uint64 `msgpack:"e"`
}

// expiredMax bounds what is remembered of a stream's past.
const expiredMax = 1000

// shardMeta describes a shard.
type shardMeta struct {
	Number        uint32 `msgpack:"n"`
	CreatedSecond int64  `msgpack:"c"`
	// The shard takes the records whose hash keys lie from First to Last.
	First HashKey `msgpack:"f"`
	Last  HashKey `msgpack:"l"`
	// Parents are the one or two shards that this one came from.
	Parents []uint32 `msgpack:"p,omitempty"`
	// ClosedMillis is when the shard got its last record; 0 while it is open.
	ClosedMillis int64 `msgpack:"e,omitempty"`
}

// encodeMeta gives the file's content.
func encodeMeta(m *streamMeta) []byte {
	payload, err := msgpack.Marshal(m)
	if err != nil {
		panic("shardlog: encoding stream.meta: " + err.Error())
	}
	out := make([]byte, metaHeaderBytes, metaHeaderBytes+len(payload))
	copy(out, metaMagic)
	binary.LittleEndian.PutUint32(out[4:], metaVersion)
	binary.LittleEndian.PutUint32(out[8:], crc32.Checksum(payload, castagnoli()))
	binary.LittleEndian.PutUint32(out[12:], uint32(len(payload)))
	return append(out, payload...)
}

// decodeMeta reads the content of the file at path.
func decodeMeta(path string, content []byte) (*streamMeta, error) {
	if len(content) < metaHeaderBytes || !bytes.Equal(content[:4], []byte(metaMagic)) {
		return nil, errs.Corruptionf("%s is no description of a stream", path)
	}
	if v := binary.LittleEndian.Uint32(content[4:]); v != metaVersion {
		return nil, errs.Corruptionf("%s has format version %d, this program reads %d", path, v, metaVersion).
			WithHint("the directory may be of a newer version")
	}
	payload := content[metaHeaderBytes:]
	if int(binary.LittleEndian.Uint32(content[12:])) != len(payload) ||
		binary.LittleEndian.Uint32(content[8:]) != crc32.Checksum(payload, castagnoli()) {
		return nil, errs.Corruptionf("%s fails its checksum", path)
	}
	m := new(streamMeta)
	if err := msgpack.Unmarshal(payload, m); err != nil {
		return nil, errs.Corruptionf("%s can't be decoded: %v", path, err)
	}
	return m, nil
}

// readMeta reads a stream's description.
func readMeta(fs vfs.FS, dir string) (*streamMeta, error) {
	path := fs.PathJoin(dir, metaName)
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "reading %s", path)
	}
	return decodeMeta(path, content)
}

// writeMeta replaces a stream's description atomically; it is durable on return.
func writeMeta(fs vfs.FS, dir string, m *streamMeta) error {
	path := fs.PathJoin(dir, metaName)
	return errs.Wrap(errs.Resource, durable.ReplaceFile(fs, path, encodeMeta(m)), "writing %s", path)
}

// retention is how long records are kept.
func (m *streamMeta) retention() time.Duration { return time.Duration(m.RetentionHours) * time.Hour }
