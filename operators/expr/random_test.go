package expr

import "testing"

// TestJavaRandom checks numbers that Java's specification gives.
func TestJavaRandom(t *testing.T) {
	r := newJavaRandom(42)
	for i, want := range []int32{30, 63, 48, 84, 70} {
		if got := r.Int32N(100); got != want {
			t.Errorf("number %d of seed 42 is %d, want %d", i, got, want)
		}
	}
	if got := newJavaRandom(1).Float64(); got != 0.7308781907032909 {
		t.Errorf("seed 1 gives %v", got)
	}
	if got := newJavaRandom(-1).Int32N(1 << 10); got < 0 || got >= 1<<10 {
		t.Errorf("a power of two gives %d", got)
	}
}
