package intervaljoin

import (
	"math"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// kept is the payload of rows in the state.
type kept struct {
	// time is the rows' time in milliseconds, count how many there are.
	time  int64
	count int64
	// lonely is how many of them never matched; only a tracked side knows.
	lonely int64
}

// sliceMillisMin keeps joins of equal times from a slice a millisecond.
const sliceMillisMin = 1000

// side is the state of one input.
type side struct {
	keys []int
	time int
	// lower and upper bound the other side's time less a row's of this side.
	lower, upper int64
	// life is when rows are dead; see Config.
	life      int64
	preserved bool
	// tracked tells that lonely is kept: of preserved rows, and of SEMI's left ones.
	tracked bool

	encoder *rowcodec.KeyEncoder
	codec   *rows.Codec
	slices  *state.SlicedMulti
	// width is the length of a slice, 0 when one holds all.
	width int64
	// due has the times at which rows that may be lonely die; nil unless preserved.
	due *state.Timers

	encoded rowcodec.Rows
	slots   []state.Slot
}

// openSide opens the state of an input.
func openSide(ctx *op.Context, input int, cfg Config) (*side, error) {
	s := &side{keys: cfg.LeftKeys, time: cfg.LeftTime, life: cfg.LeftLifeMillis, preserved: cfg.Kind.preserves(input)}
	s.tracked = s.preserved || cfg.Kind.leftOnly() && input == 0
	s.lower, s.upper = negated(cfg.UpperMillis), negated(cfg.LowerMillis)
	if input == 1 {
		s.keys, s.time, s.life = cfg.RightKeys, cfg.RightTime, cfg.RightLifeMillis
		s.lower, s.upper = cfg.LowerMillis, cfg.UpperMillis
	}
	if s.life != Never {
		s.width = max(sliceMillisMin, s.life)
		if s.lower != NoLower && s.upper != NoUpper {
			s.width = max(sliceMillisMin, s.upper-s.lower)
		}
	}
	var err error
	if s.codec, err = rows.NewCodec(ctx.Inputs[input]); err != nil {
		return nil, err
	}
	if s.encoder, err = rowcodec.NewKeyEncoder(s.codec.Pick(s.keys)); err != nil {
		return nil, err
	}
	name := [2]string{"left", "right"}[input]
	if s.preserved {
		if s.due, err = ctx.State.Timers(name + " due"); err != nil {
			return nil, err
		}
	}
	s.slices, err = ctx.State.SlicedMulti(state.MultiSpec{ID: name, Width: int(unsafe.Sizeof(kept{}))})
	return s, err
}

// sliceEnd is the end of the slice of a time.
func (s *side) sliceEnd(t int64) int64 {
	if s.width == 0 {
		return math.MaxInt64
	}
	start := t - t%s.width
	if t < start {
		start -= s.width
	}
	return start + s.width
}

// sliceStart is the least time in the slice with an end.
func (s *side) sliceStart(end int64) int64 {
	if s.width == 0 {
		return math.MinInt64
	}
	return end - s.width
}

// dead reports whether a row can't match any more.
func (s *side) dead(t, wm int64) bool { return s.life != Never && plus(t, s.life) <= wm }

func keptOf(m *state.Multi, e state.Entry) *kept { return (*kept)(m.Payload(e)) }

// room gives slots for n keys.
func (s *side) room(n int) []state.Slot {
	if cap(s.slots) < n {
		s.slots = make([]state.Slot, n)
	}
	return s.slots[:n]
}

// drop frees the slices in which all rows are dead.
func (s *side) drop(wm int64) error {
	for len(s.slices.Ends()) > 0 {
		end := s.slices.Ends()[0]
		if s.width == 0 || !s.dead(end-1, wm) {
			return nil
		}
		if err := s.slices.Drop(end); err != nil {
			return err
		}
	}
	return nil
}

// rows is the number of entries held.
func (s *side) rows() int64 {
	n := 0
	for _, end := range s.slices.Ends() {
		n += s.slices.Slice(end).Len()
	}
	return int64(n)
}
