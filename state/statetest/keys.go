package statetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sort"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// keyMaker makes the keys of a twin: one word each, or strings of many lengths.
type keyMaker func(n int) []byte

func wordKey(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)*0x10001) }

func stringKey(n int) []byte {
	s := fmt.Sprintf("key-%d-", n)
	for len(s) < n%97 {
		s += "x"
	}
	if n%31 == 0 {
		s += string(make([]byte, 300))
	}
	return []byte(s)
}

// taskOf is the task out of tasks that owns a key.
func taskOf(key []byte, tasks int) int {
	return rowcodec.TaskOfKeyGroup(rowcodec.KeyGroup(rowcodec.Hash(key), groups), groups, tasks)
}

// split deals keys out to tasks and keeps their order.
func split(keys [][]byte, tasks int) [][][]byte {
	out := make([][][]byte, tasks)
	for _, k := range keys {
		task := taskOf(k, tasks)
		out[task] = append(out[task], k)
	}
	return out
}

func batchOf(dst *rowcodec.Keys, keys [][]byte) *rowcodec.Keys {
	dst.Reset()
	for _, k := range keys {
		dst.Append(k)
	}
	return dst
}

// pick makes a batch of random keys, some of them twice.
func pick(rng *rand.Rand, make keyMaker, space int) [][]byte {
	var out [][]byte
	for range 1 + rng.IntN(40) {
		out = append(out, make(rng.IntN(space)))
	}
	return out
}

// scanOrder sorts keys as a scan must visit them: by key group, by the lower half
// of the hash, by encoded length and bytes.
func scanOrder(keys []string) {
	rank := func(k string) string {
		h := rowcodec.Hash([]byte(k))
		b := binary.BigEndian.AppendUint16(nil, uint16(rowcodec.KeyGroup(h, groups)))
		b = binary.BigEndian.AppendUint32(b, uint32(h))
		return string(append(binary.AppendUvarint(b, uint64(len(k))), k...))
	}
	sort.Slice(keys, func(i, j int) bool { return rank(keys[i]) < rank(keys[j]) })
}

// slotsFor is a slice of n slots with rubbish in it.
func slotsFor(n int) []state.Slot {
	out := make([]state.Slot, n)
	for i := range out {
		out[i] = 12345
	}
	return out
}
