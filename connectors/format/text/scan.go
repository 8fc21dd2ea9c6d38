package text

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// Where the parts of a timestamp with milliseconds stand.
const (
	dateLen   = len("2024-01-31")
	secondLen = len("2024-01-31T12:00:00")
	milliLen  = len("2024-01-31T12:00:00.123")
)

// ScanTimestamp reads a timestamp of standard s at the front of b, in the unit of
// its type t, and gives its length. It knows the usual forms only, without fraction
// or with milliseconds, and gives length 0 for anything else: ParseTemporal decides
// about that.
func ScanTimestamp(b []byte, t types.Type, s Standard) (v int64, length int) {
	if len(b) < milliLen+2 {
		return 0, 0
	}
	days, ok := scanDate(b)
	clock, ok2 := scanClock(b[dateLen+1:])
	if !ok || !ok2 || b[dateLen] != s.separator() {
		return 0, 0
	}
	millis := clock * 1000
	if length = secondLen; b[secondLen] == '.' {
		x, y, z := b[secondLen+1]-'0', b[secondLen+2]-'0', b[secondLen+3]-'0'
		if x > 9 || y > 9 || z > 9 || t.Precision < 3 {
			return 0, 0
		}
		millis += int64(x)*100 + int64(y)*10 + int64(z)
		length = milliLen
	}
	if t.Kind == types.TimestampLTZ {
		if b[length] != 'Z' {
			return 0, 0
		}
		length++
	}
	unit := Unit(t.Precision)
	if unit == 1e9 && (days < -106751 || days > 106750) {
		return 0, 0
	}
	return (days*86400*1000 + millis) * (unit / 1000), length
}

// pairs gives, in each byte, the number that the digit there and the next one make.
// digits holds eight characters less their '0'.
func pairs(digits uint64) uint64 { return digits*10 + digits>>8 }

// notDigits is not 0 if one of the bytes of digits, from each of which '0' was
// taken, is none of 0 to 9.
func notDigits(digits uint64) uint64 {
	return (digits + 0x7676767676767676 | digits) & 0x8080808080808080
}

// scanDate reads yyyy-MM-dd.
func scanDate(b []byte) (days int64, ok bool) {
	w := binary.LittleEndian.Uint64(b)
	// yyyy-MM-: the dashes become zeros.
	digits := w ^ 0x2d30302d30303030
	d0, d1 := b[8]-'0', b[9]-'0'
	if notDigits(digits) != 0 || byte(digits>>32)|byte(digits>>56) != 0 || d0 > 9 || d1 > 9 {
		return 0, false
	}
	p := pairs(digits)
	year := int(p&0xff)*100 + int(p>>16&0xff)
	month := int(p >> 40 & 0xff)
	day := int(d0)*10 + int(d1)
	if month < 1 || month > 12 || day < 1 || day > 28 && day > temporal.DaysInMonth(year, month) {
		return 0, false
	}
	return temporal.Days(year, month, day), true
}

// scanClock reads HH:mm:ss as seconds.
func scanClock(b []byte) (seconds int64, ok bool) {
	w := binary.LittleEndian.Uint64(b)
	digits := w ^ 0x30303a30303a3030
	if notDigits(digits) != 0 || byte(digits>>16)|byte(digits>>40) != 0 {
		return 0, false
	}
	p := pairs(digits)
	h, m, s := int64(p&0xff), int64(p>>24&0xff), int64(p>>48&0xff)
	return h*3600 + m*60 + s, h <= 23 && m <= 59 && s <= 59
}
