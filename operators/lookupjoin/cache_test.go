package lookupjoin

import (
	"fmt"
	"testing"
)

func TestCacheStaysWithinItsMemory(t *testing.T) {
	const most = 10_000
	c := newCache(CacheConfig{Missing: true}, most)
	for i := range 1000 {
		rows := make([][]byte, i%4)
		for j := range rows {
			rows[j] = make([]byte, 100*j)
		}
		c.put(fmt.Append(nil, "key", i), rows, 0)
		if c.bytes > most {
			t.Fatalf("%d bytes after %d answers, at most %d are allowed", c.bytes, i+1, most)
		}
		if c.get(fmt.Append(nil, "key", i), 0) == nil {
			t.Fatalf("answer %d is not there", i)
		}
	}
	for c.tail != nil {
		c.remove(c.tail)
	}
	if c.bytes != 0 || c.rows != 0 {
		t.Errorf("%d bytes and %d rows in an empty cache", c.bytes, c.rows)
	}
}
