package column

import (
	"github.com/thalweg/thalweg/operators/stream"
)

// Pending are the rows that a decoder has made and not yet given away: what the
// codec.Decoders of formats have in common. Invariant between records: every column
// of Set has N rows.
type Pending struct {
	*Set
	N int
	// Max is the most rows of a batch.
	Max int
	// kinds are the rows' kinds in a decoder of changes, nil in others.
	kinds []stream.RowKind
}

// NewPending makes one of at most limit rows. changes is for rows of all kinds.
func NewPending(set *Set, limit int, changes bool) Pending {
	p := Pending{Set: set, Max: max(1, limit)}
	if changes {
		p.kinds = make([]stream.RowKind, 0, p.Max)
	}
	return p
}

// Rows is the number of pending rows.
func (p *Pending) Rows() int { return p.N }

// sizeCheckRows is how often the size of a batch is looked at.
const sizeCheckRows = 64

// Full reports whether the batch has reached its rows or bytes.
func (p *Pending) Full() bool {
	return p.N >= p.Max || p.N%sizeCheckRows == 0 && p.Size() >= BatchBytesMax
}

// Add counts a row that was appended to every column.
func (p *Pending) Add(kind stream.RowKind) {
	p.N++
	if p.kinds != nil {
		p.kinds = append(p.kinds, kind)
	}
}

// TakeBack drops all rows from n on, and what an unfinished row has appended.
func (p *Pending) TakeBack(n int) {
	p.N = n
	p.Truncate(n)
	if p.kinds != nil {
		p.kinds = p.kinds[:n]
	}
}

// Flush gives the pending rows, owned by the caller.
func (p *Pending) Flush() stream.Batch {
	batch := p.Set.Flush(p.N)
	p.N = 0
	if p.kinds != nil {
		batch.Kinds, p.kinds = Kinds(p.kinds), make([]stream.RowKind, 0, cap(p.kinds))
	}
	return batch
}

// Close frees the columns.
func (p *Pending) Close() { p.Free() }
