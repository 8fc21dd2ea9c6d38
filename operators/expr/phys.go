package expr

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/types"
)

// phys is how a type's values lie in memory.
type phys uint8

const (
	physNull phys = iota
	physBool
	physInt8
	physInt16
	physInt32
	physInt64
	physFloat32
	physFloat64
	physDecimal
	physBytes // strings and binary
	physNested
)

func physOf(t types.Type) phys {
	switch t.Kind {
	case types.Null:
		return physNull
	case types.Boolean:
		return physBool
	case types.TinyInt:
		return physInt8
	case types.SmallInt:
		return physInt16
	case types.Int, types.Date, types.IntervalYearMonth:
		return physInt32
	case types.BigInt, types.Timestamp, types.TimestampLTZ, types.IntervalDayTime:
		return physInt64
	case types.Float:
		return physFloat32
	case types.Double:
		return physFloat64
	case types.Decimal:
		return physDecimal
	case types.Char, types.Varchar, types.Binary, types.Varbinary:
		return physBytes
	case types.Time:
		if t.Precision <= 3 {
			return physInt32
		}
		return physInt64
	}
	return physNested
}

func sizeOf[T any]() int {
	var zero T
	return int(unsafe.Sizeof(zero))
}

// interchangeable reports whether a column of type a can stand where one of type b
// is wanted: the same values in the same Arrow type, names of fields included.
func interchangeable(a, b types.Type) bool {
	return a.Same(b) && (!a.IsNested() || arrow.TypeEqual(a.Arrow(), b.Arrow()))
}

// integer and number are the element types of numeric columns.
type integer interface {
	~int8 | ~int16 | ~int32 | ~int64
}

type number interface {
	integer | ~float32 | ~float64
}

// nanosPerUnit is the length in nanoseconds of the unit that TIME, TIMESTAMP and
// TIMESTAMP_LTZ of the given precision count in.
func nanosPerUnit(precision int) int64 {
	switch {
	case precision <= 3:
		return 1_000_000
	case precision <= 6:
		return 1_000
	}
	return 1
}
