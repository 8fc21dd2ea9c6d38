package rowset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// TestASetBehavesAsAMap applies random batches, ranges included.
func TestASetBehavesAsAMap(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		twin := map[string]string{}
		var set rowset.Set
		var batch rowset.Batch
		key := func() string { return fmt.Sprintf("%02d", rng.IntN(40)) }
		for range 30 {
			for range rng.IntN(20) {
				switch k := key(); rng.IntN(6) {
				case 0:
					batch.Delete([]byte(k))
					delete(twin, k)
				case 1:
					upper := key()
					batch.DeleteRange([]byte(k), []byte(upper))
					for x := range twin {
						if k <= x && x < upper {
							delete(twin, x)
						}
					}
				default:
					v := []string{"", "v", fmt.Sprint(rng.IntN(1000))}[rng.IntN(3)]
					batch.Set([]byte(k), []byte(v))
					twin[k] = v
				}
			}
			set.Apply(&batch)
			check(t, seed, set, twin)
			again, err := rowset.Decode(set.Encode())
			if err != nil {
				t.Fatal(err)
			}
			check(t, seed, again, twin)
		}
	}
}

func check(t *testing.T, seed uint64, set rowset.Set, twin map[string]string) {
	t.Helper()
	var got, want []string
	size := 0
	_ = set.MultiScan([]state.KeyRange{{Lower: []byte(""), Upper: []byte("~")}}, func(_ int, k, v []byte) error {
		got = append(got, string(k)+"="+string(v))
		return nil
	})
	for k, v := range twin {
		want = append(want, k+"="+v)
		size += len(k) + len(v)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) || set.Bytes() != size || set.Len() != len(twin) {
		t.Fatalf("seed %d: rows %v of %d bytes, want %v of %d", seed, got, set.Bytes(), want, size)
	}
}

func TestChangedBytesAreCorruption(t *testing.T) {
	var set rowset.Set
	set.Add([]rowset.Row{{Key: []byte("b"), Value: []byte("2")}, {Key: []byte("a"), Value: []byte("1")}})
	b := set.Encode()
	for i := range b {
		changed := slices.Clone(b)
		changed[i] ^= 1
		if _, err := rowset.Decode(changed); err == nil || errs.ClassOf(err) != errs.Corruption {
			t.Errorf("byte %d changed gave %v", i, err)
		}
		if _, err := rowset.Decode(b[:i]); err == nil || errs.ClassOf(err) != errs.Corruption {
			t.Errorf("%d bytes gave %v", i, err)
		}
	}
}
