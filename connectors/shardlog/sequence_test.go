package shardlog

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
)

// bigSequence is Sequence's number by the hexadecimal layout.
func bigSequence(s Sequence) *big.Int {
	hex := "2" + pad(uint64(s.Created), 9) + pad(uint64(s.Shard&15), 1) + pad(s.Index, 16) + "00" +
		pad(uint64(s.Second), 9) + pad(uint64(s.Shard), 8) + "2"
	n, _ := new(big.Int).SetString(hex, 16)
	return n
}

func pad(n uint64, digits int) string {
	s := new(big.Int).SetUint64(n).Text(16)
	return strings.Repeat("0", digits-len(s)) + s
}

func randomSequence(r *rand.Rand) Sequence {
	return Sequence{
		Created: 1_400_000_000 + r.Int64N(1<<30), Index: r.Uint64() >> (1 + r.IntN(60)),
		Second: 1_400_000_000 + r.Int64N(1<<32), Shard: r.Uint32() >> r.IntN(32),
	}
}

func TestSequencesAreDecimalNumbersOfTheLayout(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		a, b := randomSequence(r), randomSequence(r)
		text := a.String()
		if text != bigSequence(a).String() || len(text) != 56 || !strings.HasPrefix(text, "49") {
			t.Fatalf("%+v prints as %s, want %s", a, text, bigSequence(a))
		}
		if back, err := ParseSequence(text); err != nil || back != a {
			t.Fatalf("%s reads as %+v, want %+v (%v)", text, back, a, err)
		}
		if got, want := a.Compare(b), bigSequence(a).Cmp(bigSequence(b)); got != want {
			t.Fatalf("comparing %s with %s gives %d, want %d", a, b, got, want)
		}
	}
}

func TestNumbersThatAreNoSequences(t *testing.T) {
	valid := Sequence{Created: 1_700_000_000, Index: 5, Second: 1_700_000_001, Shard: 3}.String()
	for _, text := range []string{
		"", "49", "x" + valid[1:], valid + "0", "0" + valid[1:], "9" + valid[1:], valid[:55] + "x",
		"49000000000000000000000000000000000000000000000000000000",
	} {
		if s, err := ParseSequence(text); err == nil || errs.ClassOf(err) != errs.User {
			t.Errorf("%q reads as %+v, %v", text, s, err)
		}
	}
}

func TestHashRangesCoverAllKeysOnce(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 10, 1000} {
		for i := range n {
			want := new(big.Int).Lsh(big.NewInt(int64(i)), 128)
			want.Div(want, big.NewInt(int64(n)))
			if got := rangeStart(i, n).String(); got != want.String() {
				t.Fatalf("part %d of %d starts at %s, want %s", i, n, got, want)
			}
		}
	}
	if got := rangeStart(1, 2).previous().String(); got != "170141183460469231731687303715884105727" {
		t.Errorf("got %s", got)
	}
	if got := maxHashKey().String(); got != "340282366920938463463374607431768211455" {
		t.Errorf("got %s", got)
	}
}

func TestPartitionKeysHashAsKinesisDoes(t *testing.T) {
	// The MD5 of "a" is 0cc175b9c0f1b6a831c399e269772661.
	if got := hashOf("a").String(); got != "16955237001963240173058271559858726497" {
		t.Errorf("got %s", got)
	}
	for _, text := range []string{"", "-1", "+1", "x", "340282366920938463463374607431768211456"} {
		if k, err := ParseHashKey(text); err == nil {
			t.Errorf("%q reads as %s", text, k)
		}
	}
	if k, err := ParseHashKey("18446744073709551617"); err != nil || k != (HashKey{1, 1}) {
		t.Errorf("got %+v, %v", k, err)
	}
}
