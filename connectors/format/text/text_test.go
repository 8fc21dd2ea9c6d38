package text

import (
	"math/big"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/types"
)

func TestDatesAgreeWithTheCalendar(t *testing.T) {
	for days := int64(-719162); days < 2932896; days += 13 { // 0001-01-01 to 9999-12-31
		want := time.Unix(days*86400, 0).UTC().Format("2006-01-02")
		if got := string(AppendDate(nil, days)); got != want {
			t.Fatalf("day %d: %s, want %s", days, got, want)
		}
		if got, err := ParseDate([]byte(want)); err != nil || got != days {
			t.Fatalf("%s: %d, %v; want %d", want, got, err, days)
		}
	}
}

func TestTimestampsRoundTrip(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 20000 {
		precision := r.Intn(10)
		step := Unit(precision) / pow10[precision]
		if step == 0 {
			step = 1
		}
		v := (r.Int63n(4e9) - 2e9) * Unit(precision)
		if precision > 0 {
			v += r.Int63n(pow10[precision]) * (Unit(precision) / pow10[precision])
		}
		for _, s := range []Standard{SQL, ISO} {
			for _, zoned := range []bool{false, true} {
				text := AppendTimestamp(nil, v, s, precision, zoned)
				if got, err := ParseTimestamp(text, s, precision, zoned); err != nil || got != v {
					t.Fatalf("%s at precision %d: %d, %v; want %d", text, precision, got, err, v)
				}
			}
		}
	}
}

func TestTimestampDigitsBeyondPrecisionAreCut(t *testing.T) {
	got, err := ParseTimestamp([]byte("1969-12-31 23:59:59.9999"), SQL, 2, false)
	if err != nil || got != -10 {
		t.Errorf("%d, %v; want -10", got, err)
	}
}

// A scanned timestamp is the parsed one, and what does not parse is not scanned.
func TestScanAgreesWithParse(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	kinds := []types.Type{types.TimestampOf(0), types.TimestampOf(3), types.TimestampOf(6), types.TimestampOf(9),
		types.TimestampLTZOf(3), types.TimestampLTZOf(9)}
	scanned := 0
	for range 200_000 {
		typ := kinds[random.Intn(len(kinds))]
		s := Standard(random.Intn(2))
		b := AppendTemporal(nil, random.Int63n(6e10)*Unit(typ.Precision)/1000, typ, s)
		for range random.Intn(3) {
			b[random.Intn(len(b))] = "0123456789 -:.TZ\xff"[random.Intn(17)]
		}
		padded := append(append([]byte(nil), b...), `","next":1}`...)
		v, length := ScanTimestamp(padded, typ, s)
		if length == 0 || padded[length] != '"' {
			continue
		}
		scanned++
		if want, err := ParseTemporal(padded[:length], typ, s); err != nil || want != v {
			t.Fatalf("%s of %q: %d, parsed %d, %v", typ, padded[:length], v, want, err)
		}
	}
	if scanned < 20_000 {
		t.Errorf("only %d texts were scanned", scanned)
	}
}

func TestTemporalTextThatDoesNotRead(t *testing.T) {
	for _, text := range []string{"", "2024-02-30 00:00:00", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 24:00:00",
		"2024-01-01 00:00:00.", "2024-01-01 00:00:00.1234567890", "2024-01-01 00:00:0x", "2024-13-01 00:00:00", "2024-01-01 00:00:00Z"} {
		if v, err := ParseTimestamp([]byte(text), SQL, 3, false); err == nil {
			t.Errorf("%q reads as %d", text, v)
		}
	}
	if _, err := ParseTimestamp([]byte("2500-01-01 00:00:00"), SQL, 9, false); err == nil {
		t.Error("a year beyond TIMESTAMP(9) must be refused")
	}
	for _, text := range []string{"", "1:2:3", "25:00:00", "00:60:00", "12:00"} {
		if v, err := ParseTime([]byte(text), 0); err == nil {
			t.Errorf("%q reads as %d", text, v)
		}
	}
}

// slowDecimal is ParseDecimal by way of big.Rat.
func slowDecimal(text string, precision, scale int) (decimal128.Num, bool) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return decimal128.Num{}, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	negative := r.Sign() < 0
	r.Abs(r).Add(r, big.NewRat(1, 2))
	v := new(big.Int).Quo(r.Num(), r.Denom())
	if v.Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)) >= 0 {
		return decimal128.Num{}, false
	}
	if negative {
		v.Neg(v)
	}
	return decimal128.FromBigInt(v), true
}

func randomNumber(r *rand.Rand) string {
	var b strings.Builder
	if r.Intn(3) == 0 {
		b.WriteByte('-')
	}
	digits := func(n int) {
		for range n {
			b.WriteByte(byte('0' + r.Intn(10)))
		}
	}
	digits(1 + r.Intn(22))
	if r.Intn(2) == 0 {
		b.WriteByte('.')
		digits(1 + r.Intn(25))
	}
	if r.Intn(4) == 0 {
		b.WriteString([]string{"e", "E", "e+", "e-"}[r.Intn(4)])
		digits(1)
	}
	return b.String()
}

func TestDecimalsAgreeWithBigRat(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 50000 {
		precision := 1 + r.Intn(38)
		scale := r.Intn(precision + 1)
		text := randomNumber(r)
		want, ok := slowDecimal(text, precision, scale)
		got, err := ParseDecimal([]byte(text), precision, scale)
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%s as DECIMAL(%d, %d): %s, %v; want %s, %v", text, precision, scale, got.ToString(int32(scale)), err, want.ToString(int32(scale)), ok)
		}
		if ok {
			again, err := ParseDecimal(AppendDecimal(nil, got, scale), precision, scale)
			if err != nil || again != got {
				t.Fatalf("%s does not round-trip: %v", AppendDecimal(nil, got, scale), err)
			}
		}
	}
	for _, text := range []string{"", "-", ".", "1e", "e5", "1.2.3", "0x10", "1_000", "NaN", " 1"} {
		if v, err := ParseDecimal([]byte(text), 38, 0); err == nil {
			t.Errorf("%q reads as %s", text, v.ToString(0))
		}
	}
}
