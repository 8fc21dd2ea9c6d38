package shardlog

import (
	"runtime"
	"testing"
)

// TestAThousandIdleShardsTakeLittleMemory fills the memory that each shard may keep
// for its readers and leaves all of them alone.
func TestAThousandIdleShardsTakeLittleMemory(t *testing.T) {
	const shards, limitBytes = 1000, 100 << 20
	before := heapBytes()
	s, err := Open(t.TempDir(), Options{TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateStream("s", shards, MinRetention); err != nil {
		t.Fatal(err)
	}
	records := make([]Record, shards)
	for i := range records {
		records[i] = Record{ExplicitHashKey: rangeStart(i, shards).String(), PartitionKey: "k", Data: make([]byte, tailMinBytes-1024)}
	}
	if _, err := s.Append("s", records); err != nil {
		t.Fatal(err)
	}
	used := heapBytes() - before
	runtime.KeepAlive(records)
	used -= int64(shards * (tailMinBytes - 1024)) // the records themselves
	t.Logf("%d idle shards take %.1f MB", shards, float64(used)/1e6)
	if used > limitBytes {
		t.Errorf("they take %d bytes, more than %d", used, limitBytes)
	}
	st, err := s.Stream("s")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := st.Describe(); err != nil || len(d.Shards) != shards {
		t.Errorf("described as %d shards, %v", len(d.Shards), err)
	}
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
