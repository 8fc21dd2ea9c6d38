package kpl

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSplitReadsTheDocumentedLayout takes a message apart that was put together by
// hand: two keys, an explicit hash key, a tag, and members that are not known.
func TestSplitReadsTheDocumentedLayout(t *testing.T) {
	message, err := hex.DecodeString("0a0161" + "0a0162" + "120137" + // keys a, b; hash key 7
		"1a07" + "0800" + "1a03" + "6f6e65" + // key 0, data one
		"1a10" + "0801" + "1000" + "1a03" + "74776f" + "2205" + "0a036b6579" + // key 1, hash key 0, data two, a tag
		"3805") // an unknown number
	if err != nil {
		t.Fatal(err)
	}
	digest := md5.Sum(message)
	data := slices.Concat(magic[:], message, digest[:])
	records, ok := Split(nil, data)
	if got := fmt.Sprintf("%v %q", ok, records); got != `true [{"a" "" "one"} {"b" "7" "two"}]` {
		t.Error(got)
	}
	for name, spoilt := range map[string][]byte{
		"magic": slices.Concat([]byte("xxxx"), data[4:]), "digest": slices.Concat(data[:len(data)-1], []byte{data[len(data)-1] ^ 1}),
		"short": data[:10], "none": nil, "message": slices.Concat(data[:8], []byte{0xff}, data[9:]),
	} {
		if records, ok := Split(nil, spoilt); ok || len(records) > 0 {
			t.Errorf("wrong %s: taken as aggregated", name)
		}
	}
}

func TestAggregatorAndSplitAreInverse(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var a Aggregator
	for range 50 {
		var want []Record
		for range 1 + random.IntN(40) {
			key, data := fmt.Sprint("key-", random.IntN(5)), make([]byte, random.IntN(300))
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			grown := a.Grown(key, data)
			a.Add(key, data)
			if a.Bytes() > grown {
				t.Fatalf("%d bytes, foretold were %d", a.Bytes(), grown)
			}
			want = append(want, Record{Key: []byte(key), Data: data})
		}
		bound := a.Bytes()
		key, data := a.Flush()
		got, ok := Split(nil, data)
		if !ok || key != string(want[0].Key) || len(data) > bound || a.Count() != 0 {
			t.Fatalf("split %t, key %s, %d bytes of %d", ok, key, len(data), bound)
		}
		if !slices.EqualFunc(got, want, func(a, b Record) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Data, b.Data) }) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	var a Aggregator
	a.Add("k", []byte("data"))
	_, data := a.Flush()
	f.Add(data)
	f.Fuzz(func(t *testing.T, message []byte) {
		digest := md5.Sum(message)
		Split(nil, slices.Concat(magic[:], message, digest[:]))
	})
}

func BenchmarkSplit(b *testing.B) {
	var a Aggregator
	for i := range 300 {
		a.Add(fmt.Sprint(i), make([]byte, 100))
	}
	_, data := a.Flush()
	var records []Record
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		records, _ = Split(records[:0], data)
	}
	b.ReportMetric(float64(b.N)*float64(len(records))/b.Elapsed().Seconds(), "records/s")
}
