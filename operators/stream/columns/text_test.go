package columns

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

func TestFloatTextIsJavas(t *testing.T) {
	for _, c := range []struct {
		f    float64
		bits int
		want string
	}{{0, 64, "0.0"}, {math.Copysign(0, -1), 64, "-0.0"}, {1, 64, "1.0"}, {0.1, 64, "0.1"}, {0.001, 64, "0.001"}, {0.0009, 64, "9.0E-4"},
		{9999999, 64, "9999999.0"}, {1e7, 64, "1.0E7"}, {1.5e300, 64, "1.5E300"}, {-123.25, 64, "-123.25"}, {math.NaN(), 64, "NaN"},
		{math.Inf(-1), 64, "-Infinity"}, {float64(float32(0.1)), 32, "0.1"}} {
		if got := string(AppendFloat(nil, c.f, c.bits)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.f, got, c.want)
		}
	}
}

func TestTextOfTimes(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ   types.Type
		value int64
		want  string
	}{{types.TimestampOf(3), -1, "1969-12-31 23:59:59.999"}, {types.TimestampOf(0), 1000, "1970-01-01 00:00:01"},
		{types.TimestampOf(6), 1, "1970-01-01 00:00:00.000001"}, {types.TimestampLTZOf(3), 0, "1970-01-01 05:30:00.000"}} {
		b := array.NewTimestampBuilder(memory.DefaultAllocator, c.typ.Arrow().(*arrow.TimestampType))
		b.Append(arrow.Timestamp(c.value))
		arr := b.NewArray()
		if got := string(AppendCell(nil, Cell{Array: arr, Type: c.typ, Zone: zone}, 0)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.typ, got, c.want)
		}
	}
}

// TestTextOfEveryType makes sure that each type has a text and a SQL type.
func TestTextOfEveryType(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, typ := range sampleTypes() {
		if got := TypeOf(typ.Arrow()); physicalDiffers(got, typ) {
			t.Errorf("TypeOf(%s) is %s", typ, got)
		}
		arr := randomArray(memory.DefaultAllocator, typ, 20, r)
		for i := range arr.Len() {
			if text := AppendText(nil, arr, i); arr.IsNull(i) && string(text) != "NULL" {
				t.Errorf("%s: NULL is %s", typ, text)
			}
		}
	}
}

func physicalDiffers(a, b types.Type) bool { return !arrow.TypeEqual(a.Arrow(), b.Arrow()) }
