package kinesis

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/connectors/format/kpl"
)

// TestRefusedEntriesKeepTheOrderOfTheirLane refuses entries of a call: of a lane all that
// follows is put again, of no lane only what was refused, and what was pending behind
// the call stays behind it.
func TestRefusedEntriesKeepTheOrderOfTheirLane(t *testing.T) {
	for _, c := range []struct{ call, refused, want string }{
		{"a1 b1 a2 b2", "", "z9"},
		{"a1 b1 a2 b2", "a1", "a1 a2 z9"},
		{"a1 b1 a2 b2", "b1", "b1 b2 z9"},
		{"a1 b1 a2 b2", "a2", "a2 z9"},
		{"a1 b1 a2 b2", "a1 b1 a2 b2", "a1 b1 a2 b2 z9"},
		{"-1 a1 -2 a2", "-1", "-1 z9"},
		{"-1 a1 -2 a2", "-1 a1", "-1 a1 a2 z9"},
	} {
		w := &writer{}
		var results []types.PutRecordsResultEntry
		for _, name := range strings.Fields(c.call) {
			w.add(entry{key: name, lane: strings.Trim(name[:1], "-"), packed: name[0] != '-'})
			result := types.PutRecordsResultEntry{ShardId: aws.String(name[:1])}
			if strings.Contains(c.refused, name) {
				result = types.PutRecordsResultEntry{ErrorCode: aws.String("ProvisionedThroughputExceededException")}
			}
			results = append(results, result)
		}
		w.add(entry{key: "z9"})
		again, err := w.settle(t.Context(), w.pending[:len(results)], results)
		var left []string
		for _, e := range w.pending {
			left = append(left, e.key)
		}
		if got := strings.Join(left, " "); err != nil || got != c.want || again != (c.want != "z9") || w.bytes != 2*len(left) {
			t.Errorf("%s without %s: %s (%d bytes), %t, %v; want %s", c.call, c.refused, got, w.bytes, again, err, c.want)
		}
	}
}

// TestAnAnswerForFewerRecordsIsAnError has a service that leaves records out of its answer.
func TestAnAnswerForFewerRecordsIsAnError(t *testing.T) {
	w := &writer{}
	w.add(entry{key: "a"})
	w.add(entry{key: "b"})
	if _, err := w.settle(t.Context(), w.pending, []types.PutRecordsResultEntry{{ShardId: aws.String("s")}}); err == nil || len(w.pending) != 2 {
		t.Errorf("%v, and %d entries are left", err, len(w.pending))
	}
}

// TestStraysAreThoseOfOtherShards packs rows of several keys and leads them to each of
// four shards: what doesn't belong to it is given back, in order.
func TestStraysAreThoseOfOtherShards(t *testing.T) {
	m := &shardMap{all: map[string]shardRange{}}
	for i := range 4 {
		r := shardRange{id: fmt.Sprint("shard", i)}
		r.first[0] = byte(i << 6)
		r.last = r.first
		r.last[0] |= 0x3f
		for k := 1; k < len(r.last); k++ {
			r.last[k] = 0xff
		}
		m.open, m.all[r.id] = append(m.open, r), r
	}
	w := &writer{shards: m, groups: make([]kpl.Aggregator, 1)}
	for n := range 12 {
		name := fmt.Sprint("key", n)
		w.groups[0].Add(name, []byte(name))
	}
	w.pack(0)
	e := &w.pending[0]
	for i, r := range m.open {
		strays := m.strays(e, r.id)
		last := -1
		for _, s := range strays {
			var n int
			if _, err := fmt.Sscanf(s.key, "key%d", &n); err != nil || n <= last || string(s.data) != s.key || r.has(md5.Sum([]byte(s.key))) || m.find(md5.Sum([]byte(s.key))) == i {
				t.Errorf("%s: %s is astray, %v", r.id, s.key, err)
			}
			last = n
		}
		own := 0
		for n := range 12 {
			if m.find(md5.Sum(fmt.Append(nil, "key", n))) == i {
				own++
			}
		}
		if len(strays) != 12-own {
			t.Errorf("%s: %d astray, %d own", r.id, len(strays), own)
		}
	}
	if n := len(m.strays(e, "unknown")); n != 12 {
		t.Errorf("in an unknown shard %d are astray", n)
	}
}
