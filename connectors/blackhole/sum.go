package blackhole

import (
	"fmt"
	"math/bits"

	"github.com/thalweg/thalweg/operators/stream"
)

// Sum is the content of a table as numbers: equal tables have equal sums, whatever
// their rows' order and whichever changelog made them.
type Sum struct {
	// Rows counts all rows written, Net the rows of the table they make: inserts
	// less retractions.
	Rows int64 `msgpack:"r"`
	Net  int64 `msgpack:"n"`
	// High and Low are the checksum: the sum modulo 2^128 of the hashes of the
	// table's rows.
	High uint64 `msgpack:"h"`
	Low  uint64 `msgpack:"l"`
}

// Checksum is the checksum as 32 hexadecimal digits.
func (s Sum) Checksum() string { return fmt.Sprintf("%016x%016x", s.High, s.Low) }

// merge adds another sum.
func (s *Sum) merge(o Sum) {
	s.Rows += o.Rows
	s.Net += o.Net
	var carry uint64
	s.Low, carry = bits.Add64(s.Low, o.Low, 0)
	s.High, _ = bits.Add64(s.High, o.High, carry)
}

// Hasher hashes rows. It keeps memory between batches; one goroutine uses it. The
// zero Hasher is ready.
type Hasher struct {
	low, high []uint64
}

// Add adds the rows of a borrowed batch to sum.
func (h *Hasher) Add(sum *Sum, batch stream.Batch) {
	rows := batch.Rows()
	h.low, h.high = lanes(h.low, rows), lanes(h.high, rows)
	low, high := h.low, h.high
	for i := range int(batch.Record.NumCols()) {
		feed(low, high, batch.Column(i), nil)
	}
	sum.Rows += int64(rows)
	if batch.Kinds == nil {
		sum.Net += int64(rows)
		addAll(sum, low, high)
		return
	}
	for i, kind := range batch.Kinds {
		l, u := finish(low[i], high[i])
		if kind.Adds() {
			var carry uint64
			sum.Low, carry = bits.Add64(sum.Low, l, 0)
			sum.High, _ = bits.Add64(sum.High, u, carry)
			sum.Net++
			continue
		}
		var borrow uint64
		sum.Low, borrow = bits.Sub64(sum.Low, l, 0)
		sum.High, _ = bits.Sub64(sum.High, u, borrow)
		sum.Net--
	}
}

// addAll adds rows that are all inserts.
func addAll(sum *Sum, low, high []uint64) {
	l, u := sum.Low, sum.High
	high = high[:len(low)]
	for i := range low {
		a, b := finish(low[i], high[i])
		var carry uint64
		l, carry = bits.Add64(l, a, 0)
		u, _ = bits.Add64(u, b, carry)
	}
	sum.Low, sum.High = l, u
}

// lanes gives n starting values, in buf if it is large enough.
func lanes(buf []uint64, n int) []uint64 {
	if cap(buf) < n {
		buf = make([]uint64, n, max(n, 1024))
	}
	buf = buf[:n]
	clear(buf)
	return buf
}
