package datagen

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/cespare/xxhash/v2"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// generator makes the values of one column, or of a part of a nested one.
type generator struct {
	path     string
	typ      types.Type
	col      *column.Column
	kids     []*generator
	seed     uint64
	sequence bool
	// start and count are a sequence's.
	start int64
	count int64
	// least and span are the range of random whole numbers (for DECIMAL,
	// unscaled), 0 for all 2^64; low and high that of others.
	least     int64
	span      uint64
	low       float64
	high      float64
	nullBelow uint64 // a draw below it is NULL
	length    int
	varLen    bool
	pastMs    int64
	scratch   []byte
}

// newGenerator reads the options of the column at path.
func newGenerator(path string, t types.Type, o connector.Options) (*generator, error) {
	option := func(name string) string { return "fields." + path + "." + name }
	g := &generator{path: path, typ: t, seed: xxhash.Sum64String(path) ^ uint64(o.Int("seed"))*gamma,
		sequence: o.String(option("kind")) == "sequence", varLen: o.Bool(option("var-len")), pastMs: o.Duration(option("max-past")).Milliseconds()}
	rate := o.Double(option("null-rate"))
	switch {
	case rate < 0 || rate > 1:
		return nil, errs.Userf("option '%s' = '%g': not between 0 and 1", option("null-rate"), rate)
	case rate == 1:
		g.nullBelow = math.MaxUint64
	default:
		g.nullBelow = uint64(rate * (1 << 64))
	}
	g.length = 100
	if t.IsNested() {
		g.length = 3
	}
	if o.Has(option("length")) {
		g.length = int(o.Int(option("length")))
	} else if !t.IsNested() && t.Length > 0 && t.Length < g.length {
		g.length = t.Length
	}
	if g.length < 0 {
		return nil, errs.Userf("option '%s' = '%d': is negative", option("length"), g.length)
	}
	if g.sequence {
		return g, g.readSequence(o)
	}
	if err := g.readRange(o); err != nil {
		return nil, err
	}
	return g, g.addKids(o)
}

// addKids makes generators of the parts of a nested type.
func (g *generator) addKids(o connector.Options) error {
	add := func(name string, t types.Type) error {
		kid, err := newGenerator(g.path+"."+name, t, o)
		g.kids = append(g.kids, kid)
		return err
	}
	switch t := g.typ; t.Kind {
	case types.Row:
		for _, f := range t.Fields {
			if err := add(f.Name, f.Type); err != nil {
				return err
			}
		}
	case types.Array:
		return add("element", *t.Elem)
	case types.Multiset:
		if err := add("element", t.Elem.NotNull()); err != nil {
			return err
		}
		if err := add("count", types.Of(types.Int)); err != nil {
			return err
		}
		g.kids[1].least, g.kids[1].span = 1, 9
	case types.Map:
		if err := add("key", t.Key.NotNull()); err != nil {
			return err
		}
		return add("value", *t.Elem)
	case types.Null:
		return errs.Unsupportedf("column '%s': nothing can be made up for %s", g.path, t)
	}
	return nil
}

// number reads a bound as the column's type holds it.
func (g *generator) number(o connector.Options, name string, fallback int64) (int64, error) {
	option := "fields." + g.path + "." + name
	if !o.Has(option) {
		return fallback, nil
	}
	scale := 0
	if g.typ.Kind == types.Decimal {
		scale = g.typ.Scale
	}
	v, err := text.ParseDecimal([]byte(o.String(option)), 18, min(scale, 18))
	if err != nil {
		return 0, errs.Userf("option '%s' = '%s': not a number that fits", option, o.String(option))
	}
	return int64(v.LowBits()), nil
}

// readSequence reads the bounds of a sequence.
func (g *generator) readSequence(o connector.Options) error {
	if !g.typ.IsNumeric() && !g.typ.IsString() {
		return errs.Unsupportedf("column '%s': a sequence can't be of %s", g.path, g.typ)
	}
	prefix := "fields." + g.path + "."
	if !o.Has(prefix+"start") || !o.Has(prefix+"end") {
		return errs.Userf("column '%s': a sequence needs the options '%sstart' and '%send'", g.path, prefix, prefix)
	}
	start, err := g.number(o, "start", 0)
	if err != nil {
		return err
	}
	end, err := g.number(o, "end", 0)
	if err != nil {
		return err
	}
	if end < start {
		return errs.Userf("column '%s': the sequence ends before it starts", g.path)
	}
	if least, most := g.bounds(); start < least || end > most {
		return errs.Userf("column '%s' (%s): the sequence from %d to %d does not fit", g.path, g.typ, start, end)
	}
	if g.typ.Kind == types.Decimal {
		step := int64(math.Pow10(g.typ.Scale))
		start, end = start/step, end/step
	}
	g.start, g.count = start, end-start+1
	return nil
}

// bounds are the least and the greatest number that the column holds, for DECIMAL
// unscaled.
func (g *generator) bounds() (least, most int64) {
	switch g.typ.Kind {
	case types.TinyInt:
		return math.MinInt8, math.MaxInt8
	case types.SmallInt:
		return math.MinInt16, math.MaxInt16
	case types.Int, types.IntervalYearMonth:
		return math.MinInt32, math.MaxInt32
	case types.Decimal:
		most = int64(math.Pow10(min(g.typ.Precision, 18))) - 1
		return -most, most
	}
	return math.MinInt64, math.MaxInt64
}

// readRange reads the bounds of random numbers.
func (g *generator) readRange(o connector.Options) error {
	if g.typ.IsApproximate() {
		return g.readFloats(o)
	}
	least, most := g.bounds()
	low, err := g.number(o, "min", least)
	if err != nil {
		return err
	}
	high, err := g.number(o, "max", most)
	if err != nil {
		return err
	}
	if low > high || low < least || high > most {
		return errs.Userf("column '%s' (%s): the range from %d to %d is empty or does not fit", g.path, g.typ, low, high)
	}
	g.least, g.span = low, uint64(high)-uint64(low)+1
	return nil
}

// readFloats reads the bounds of FLOAT and DOUBLE.
func (g *generator) readFloats(o connector.Options) error {
	g.low, g.high = -math.MaxFloat32/2, math.MaxFloat32/2
	for name, to := range map[string]*float64{"min": &g.low, "max": &g.high} {
		option := "fields." + g.path + "." + name
		if !o.Has(option) {
			continue
		}
		v, err := column.ParseFloat([]byte(o.String(option)), 64)
		if err != nil {
			return errs.Userf("option '%s' = '%s': not a number", option, o.String(option))
		}
		*to = v
	}
	if g.low > g.high {
		return errs.Userf("column '%s': the range from %g to %g is empty", g.path, g.low, g.high)
	}
	return nil
}

// bind sets the column to append to.
func (g *generator) bind(col *column.Column) {
	g.col = col
	kids := col.Kids
	if col.Layout == column.List && len(g.kids) == 2 {
		kids = col.Kids[0].Kids
	}
	for i, k := range g.kids {
		k.bind(kids[i])
	}
}

const gamma = 0x9e3779b97f4a7c15

// draw is the random number of index i of a stream: SplitMix64.
func draw(seed, i uint64) uint64 {
	z := seed + i*gamma
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below maps a draw to 0 … n-1; n = 0 stands for 2^64.
func below(x, n uint64) uint64 {
	if n == 0 {
		return x
	}
	high, _ := bits.Mul64(x, n)
	return high
}

// fill appends the next n rows of a reader.
func (g *generator) fill(r *reader, n int) {
	for k := range int64(n) {
		number := r.number(r.at.Row + k)
		if g.sequence {
			g.appendNumber(g.start + number)
			continue
		}
		g.random(r, number, draw(g.seed, uint64(number)))
	}
}

// appendNumber appends a value of a sequence.
func (g *generator) appendNumber(v int64) {
	switch {
	case g.typ.IsString():
		g.scratch = appendInt(g.scratch[:0], v)
		g.col.Bytes(g.scratch)
	case g.typ.IsApproximate():
		g.col.Float(float64(v))
	case g.typ.Kind == types.Decimal:
		g.col.Decimal(decimal128.FromI64(v).IncreaseScaleBy(int32(g.typ.Scale)))
	default:
		g.col.Int(v)
	}
}
