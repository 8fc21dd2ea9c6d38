package agg

import (
	"context"
	"reflect"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/govalue"
)

// goCore is an aggregate in Go without its arguments' types.
type goCore[S any, R govalue.Type] struct {
	// bind makes what adds row i of the columns and what takes it away.
	bind     func(args []arrow.Array) (add, retract func(s *S, i int))
	retracts bool
	result   func(s *S) (R, bool)
	merge    func(s, other *S)
	encode   func(dst []byte, s *S) ([]byte, error)
	decode   func(data []byte, s *S) error
}

// plainBytesMax is the greatest state that lies in its group's row.
const plainBytesMax = 256

// isPlain reports whether an S may lie in memory that the collector doesn't look at,
// and that is written to state as it is.
func isPlain[S any]() bool {
	t := reflect.TypeFor[S]()
	return t.Size() <= plainBytesMax && t.Size() > 0 && t.Align() <= 8 && pointerless(t)
}

func pointerless(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k == reflect.Array:
		return pointerless(t.Elem())
	case k == reflect.Struct:
		for i := range t.NumField() {
			if !pointerless(t.Field(i).Type) {
				return false
			}
		}
		return true
	default:
		return k >= reflect.Bool && k <= reflect.Complex128 && k != reflect.Uintptr
	}
}

// plainAgg is an aggregate in Go whose state lies in the row.
type plainAgg[S any, R govalue.Type] struct {
	core    goCore[S, R]
	weights []int8
}

func (p *plainAgg[S, R]) size() int { return int(unsafe.Sizeof(*new(S))) }

func (p *plainAgg[S, R]) Spec() Spec {
	spec := Spec{Width: (p.size() + 7) / 8 * 8}
	if p.core.merge != nil {
		spec.Partial = []types.Type{types.BytesType()}
	}
	return spec
}

func (p *plainAgg[S, R]) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &p.weights)
	add, retract := p.core.bind(args)
	for i := range acc.Rows {
		switch {
		case weights == nil || weights[i] > 0:
			add(at[S](&acc, i), i)
		case weights[i] < 0:
			retract(at[S](&acc, i), i)
		}
	}
}

func (p *plainAgg[S, R]) Merge(acc Accs, partial []arrow.Array, _ int) {
	bytes := govalue.Column[[]byte](partial[0])
	var other S
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&other)), p.size())
	for i := range acc.Rows {
		if partial[0].IsValid(i) && copy(raw, bytes(i)) == len(raw) {
			p.core.merge(at[S](&acc, i), &other)
		}
	}
}

func (p *plainAgg[S, R]) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	size := p.size()
	return []arrow.Array{emitBytes(acc, alloc, arrow.BinaryTypes.Binary, func(at unsafe.Pointer) ([]byte, bool) {
		return unsafe.Slice((*byte)(at), size), true
	})}
}

func (p *plainAgg[S, R]) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	b := govalue.NewBuilder[R](alloc)
	for i := range acc.Rows {
		if r, ok := p.core.result(at[S](&acc, i)); ok {
			b.Append(r)
		} else {
			b.AppendNull()
		}
	}
	return b.Finish()
}

// codedGo is a Folder of an aggregate in Go whose state is encoded.
type codedGo[S any, R govalue.Type] struct {
	core   goCore[S, R]
	states []S
	one    S // a state that is read and forgotten
	data   []byte
	ends   []int
}

func newCoded[S any, R govalue.Type](core goCore[S, R]) Folder {
	if core.encode == nil || core.decode == nil {
		p := newPacker()
		core.encode = func(dst []byte, s *S) ([]byte, error) { return p.pack(dst, s) }
		core.decode = func(data []byte, s *S) error { return p.unpack(data, s) }
	}
	return &codedGo[S, R]{core: core}
}

func (c *codedGo[S, R]) Can() Abilities {
	return Abilities{Retract: c.core.retracts, Merge: c.core.merge != nil}
}

func (c *codedGo[S, R]) Add(f Fold) error {
	if err := c.load(f.States); err != nil {
		return err
	}
	add, retract := c.core.bind(f.Args)
	for k, row := range f.Rows {
		if f.Retract != nil && f.Retract[k] {
			retract(&c.states[f.Groups[k]], int(row))
		} else {
			add(&c.states[f.Groups[k]], int(row))
		}
	}
	return c.store(f.States)
}

func (c *codedGo[S, R]) Merge(f Fold) error {
	if err := c.load(f.States); err != nil {
		return err
	}
	bytes := govalue.Column[[]byte](f.Partial)
	for k, row := range f.Rows {
		other, err := c.readOne(bytes(int(row)))
		if err != nil {
			return err
		}
		c.core.merge(&c.states[f.Groups[k]], other)
	}
	return c.store(f.States)
}

func (c *codedGo[S, R]) Results(_ context.Context, states [][]byte, alloc memory.Allocator) (arrow.Array, error) {
	b := govalue.NewBuilder[R](alloc)
	for _, data := range states {
		s, err := c.readOne(data)
		if err != nil {
			b.Release()
			return nil, err
		}
		if r, ok := c.core.result(s); ok {
			b.Append(r)
		} else {
			b.AppendNull()
		}
	}
	return b.Finish(), nil
}

// load decodes the states of the groups touched.
func (c *codedGo[S, R]) load(states [][]byte) error {
	clear(c.states)
	c.states = grow(&c.states, len(states))
	clear(c.states)
	for i, data := range states {
		if err := c.read(data, &c.states[i]); err != nil {
			return err
		}
	}
	return nil
}

// readOne decodes a state; it is valid until the next call.
func (c *codedGo[S, R]) readOne(data []byte) (*S, error) {
	c.one = *new(S)
	return &c.one, c.read(data, &c.one)
}

func (c *codedGo[S, R]) read(data []byte, s *S) error {
	if len(data) == 0 {
		return nil
	}
	return errs.Wrap(errs.User, c.core.decode(data, s), "decode the state of an aggregate function")
}

// store encodes the states anew.
func (c *codedGo[S, R]) store(states [][]byte) error {
	c.data, c.ends = c.data[:0], c.ends[:0]
	for i := range c.states {
		var err error
		if c.data, err = c.core.encode(c.data, &c.states[i]); err != nil {
			return errs.Wrap(errs.User, err, "encode the state of an aggregate function")
		}
		c.ends = append(c.ends, len(c.data))
	}
	from := 0
	for i, end := range c.ends {
		states[i], from = c.data[from:end:end], end
	}
	return nil
}
