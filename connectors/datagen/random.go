package datagen

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
)

const (
	dayMillis = 86_400_000
	hexDigits = "0123456789abcdef"
)

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// random appends the value that the state x stands for, at table row number.
func (g *generator) random(r *reader, number int64, x uint64) {
	if g.nullBelow > 0 && g.typ.Nullable && draw(x, 1) < g.nullBelow {
		g.col.Null()
		return
	}
	x = draw(x, 2)
	switch g.typ.Kind {
	case types.Boolean:
		g.col.Bool(x>>63 == 1)
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalYearMonth, types.IntervalDayTime:
		g.col.Int(g.least + int64(below(x, g.span)))
	case types.Float, types.Double:
		g.col.Float(g.low + (g.high-g.low)*float64(x>>11)/(1<<53))
	case types.Decimal:
		g.col.Decimal(decimal128.FromI64(g.least + int64(below(x, g.span))))
	case types.Char, types.Varchar:
		g.col.Bytes(g.letters(x))
	case types.Binary, types.Varbinary:
		g.col.Bytes(g.bytes(x))
	case types.Date:
		g.col.Int(r.millis(number) / dayMillis)
	case types.Time:
		g.col.Int(int64(below(x, dayMillis)) * (text.Unit(g.typ.Precision) / 1000))
	case types.Timestamp, types.TimestampLTZ:
		past := int64(0)
		if g.pastMs > 0 {
			past = int64(below(x, uint64(g.pastMs)+1))
		}
		g.col.Int((r.millis(number) - past) * (text.Unit(g.typ.Precision) / 1000))
	default:
		g.randomNested(r, number, x)
	}
}

// size is the length of a text or collection.
func (g *generator) size(x uint64) int {
	if !g.varLen || g.length <= 1 {
		return g.length
	}
	return 1 + int(below(draw(x, 3), uint64(g.length)))
}

// letters makes a text of hexadecimal digits.
func (g *generator) letters(x uint64) []byte {
	n := g.size(x)
	g.scratch = g.scratch[:0]
	for i := uint64(4); len(g.scratch) < n; i++ {
		for w := draw(x, i); len(g.scratch) < n; w >>= 4 {
			g.scratch = append(g.scratch, hexDigits[w&15])
			if len(g.scratch)%16 == 0 {
				break
			}
		}
	}
	return g.scratch
}

// bytes makes random bytes.
func (g *generator) bytes(x uint64) []byte {
	n := g.size(x)
	g.scratch = g.scratch[:0]
	for i := uint64(4); len(g.scratch) < n; i++ {
		for w, k := draw(x, i), 0; k < 8 && len(g.scratch) < n; k++ {
			g.scratch = append(g.scratch, byte(w>>(8*k)))
		}
	}
	return g.scratch
}

// randomNested appends a ROW or a collection.
func (g *generator) randomNested(r *reader, number int64, x uint64) {
	rows := 1
	if g.col.Layout == column.List {
		rows = g.size(x)
	}
	for i := range rows {
		for _, k := range g.kids {
			k.random(r, number, draw(x^k.seed, uint64(i)))
		}
		if len(g.kids) == 2 && g.col.Layout == column.List && g.typ.Kind != types.Array {
			g.col.Kids[0].End()
		}
	}
	g.col.End()
}
