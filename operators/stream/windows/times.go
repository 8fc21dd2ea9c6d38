package windows

import (
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
)

// Millis reads a timestamp column in epoch milliseconds, rounded down. The result
// views the column's memory when it holds milliseconds already, and uses scratch
// otherwise. A NULL is an error of the user's.
func Millis(arr arrow.Array, name string, scratch *[]int64) ([]int64, error) {
	ts, ok := arr.(*array.Timestamp)
	if !ok {
		return nil, errs.Bugf("time column %s has type %s", name, arr.DataType())
	}
	if ts.NullN() > 0 {
		return nil, errs.Userf("time column %s is NULL in a row", name).
			WithHint("filter such rows out or give the column a default with COALESCE")
	}
	values := ts.TimestampValues()
	raw := unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(values))), len(values))
	unit := ts.DataType().(*arrow.TimestampType).Unit
	if unit == arrow.Millisecond {
		return raw, nil
	}
	if cap(*scratch) < len(raw) {
		*scratch = make([]int64, len(raw))
	}
	out := (*scratch)[:len(raw)]
	for i, v := range raw {
		out[i] = ToMillis(v, unit)
	}
	return out, nil
}

// ToMillis converts a timestamp of a unit to milliseconds, rounded down.
func ToMillis(v int64, unit arrow.TimeUnit) int64 {
	if unit == arrow.Second {
		return v * 1000
	}
	per := int64(time.Millisecond / unit.Multiplier())
	q := v / per
	if v%per < 0 {
		q--
	}
	return q
}

// FromMillis converts milliseconds to a timestamp of a unit.
func FromMillis(v int64, unit arrow.TimeUnit) int64 {
	if unit == arrow.Second {
		return v / 1000
	}
	return v * int64(time.Millisecond/unit.Multiplier())
}

// TimeColumn makes a timestamp column of type dt out of milliseconds; the caller
// owns it.
func TimeColumn(alloc memory.Allocator, dt arrow.DataType, millis []int64) arrow.Array {
	buf := memory.NewResizableBuffer(alloc)
	buf.Resize(len(millis) * 8)
	if len(millis) > 0 {
		out, unit := unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(buf.Bytes()))), len(millis)), dt.(*arrow.TimestampType).Unit
		for i, v := range millis {
			out[i] = FromMillis(v, unit)
		}
	}
	data := array.NewData(dt, len(millis), []*memory.Buffer{nil, buf}, nil, 0, 0)
	buf.Release()
	defer data.Release()
	return array.NewTimestampData(data)
}
