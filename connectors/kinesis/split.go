package kinesis

import (
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

const splitVersion = 1

// split is what a split's payload and a position hold.
type split struct {
	Version int    `msgpack:"v"`
	Shard   string `msgpack:"s"`
	// First and Last bound the shard's hash keys, in decimal; empty where any key may come.
	First string `msgpack:"f"`
	Last  string `msgpack:"l"`
	// Start is where to begin: TRIM_HORIZON, AT_TIMESTAMP with Millis, or, with
	// Sequence, AT_ and AFTER_SEQUENCE_NUMBER; empty for a shard that has nothing to
	// give.
	Start    string `msgpack:"k"`
	Millis   int64  `msgpack:"m,omitempty"`
	Sequence string `msgpack:"n,omitempty"`
	// Sub counts the records within the one AT_SEQUENCE_NUMBER that have been read.
	Sub int `msgpack:"u,omitempty"`
	// EndMillis is the last time of arrival to read; 0 for no end.
	EndMillis int64 `msgpack:"e,omitempty"`
}

const startAfter = "AFTER_SEQUENCE_NUMBER"

func (p split) encode() []byte {
	b, err := msgpack.Marshal(p)
	if err != nil {
		panic("kinesis: encoding a position: " + err.Error()) // a struct of plain members
	}
	return b
}

func decodeSplit(b []byte) (p split, err error) {
	if err := msgpack.Unmarshal(b, &p); err != nil || p.Version != splitVersion {
		return p, errs.Corruptionf("a position in a stream can't be read (version %d)", p.Version)
	}
	return p, nil
}
