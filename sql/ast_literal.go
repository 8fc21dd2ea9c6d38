package sql

import "github.com/thalweg/thalweg/internal/types"

// NullLiteral is NULL.
type NullLiteral struct {
	Place
}

// BoolLiteral is TRUE or FALSE. UNKNOWN is a NullLiteral of BOOLEAN kind in
// Flink; it parses as CAST(NULL AS BOOLEAN).
type BoolLiteral struct {
	Place
	Value bool
}

// NumberLiteral is an unsigned number as written: 12, 1.50, 1e3. Its type follows
// from its form: digits alone are INT or BIGINT (or DECIMAL beyond), a point
// makes DECIMAL, an exponent DOUBLE.
type NumberLiteral struct {
	Place
	Text string
}

// StringLiteral is '…' with its value.
type StringLiteral struct {
	Place
	Value string
}

// BytesLiteral is x'…' with its value.
type BytesLiteral struct {
	Place
	Value []byte
}

// TemporalLiteral is DATE '…', TIME '…', TIMESTAMP '…' or TIMESTAMP_LTZ '…'; the text is not
// checked here.
type TemporalLiteral struct {
	Place
	// Kind is types.Date, types.Time, types.Timestamp or types.TimestampLTZ.
	Kind types.Kind
	Text string
}

// TimeUnit is a calendar or clock unit.
type TimeUnit uint8

// The units, from long to short, with the ones that EXTRACT and FLOOR know too.
const (
	NoUnit TimeUnit = iota
	Millennium
	Century
	Decade
	Year
	Quarter
	Month
	Week
	Day
	Hour
	Minute
	Second
	Millisecond
	Microsecond
	Nanosecond
	DayOfWeek
	DayOfYear
	ISODayOfWeek
	ISOYear
	Epoch
)

var timeUnits = []string{"", "MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR",
	"MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND", "DOW", "DOY", "ISODOW", "ISOYEAR", "EPOCH"}

// String gives the unit's keyword in the singular.
func (u TimeUnit) String() string { return enumString(int(u), "TimeUnit", timeUnits...) }

// IntervalLiteral is INTERVAL [-]'text' from[(precision)] [TO to[(fraction)]].
type IntervalLiteral struct {
	Place
	Negative bool
	Text     string
	From     TimeUnit
	// FromPrecision is the leading field's digits, 0 when not given.
	FromPrecision int
	// To is NoUnit for a single field.
	To TimeUnit
	// Fraction is the digits of fractional seconds, -1 when not given.
	Fraction int
}

// Symbol is a keyword argument that a function's special syntax holds: a unit
// (EXTRACT(YEAR FROM x) is EXTRACT with Symbol YEAR and x), or TRIM's BOTH.
type Symbol struct {
	Place
	// Text is in upper case.
	Text string
}

func (*NullLiteral) expr()     {}
func (*BoolLiteral) expr()     {}
func (*NumberLiteral) expr()   {}
func (*StringLiteral) expr()   {}
func (*BytesLiteral) expr()    {}
func (*TemporalLiteral) expr() {}
func (*IntervalLiteral) expr() {}
func (*Symbol) expr()          {}
