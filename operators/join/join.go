package join

import (
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Kind is the kind of a join.
type Kind uint8

// The kinds.
const (
	Inner Kind = iota
	Left
	Right
	Full
	Semi
	Anti
	Mark
)

// String gives the SQL word.
func (k Kind) String() string {
	names := [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "MARK"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("join(%d)", uint8(k))
}

// preserves reports whether rows of an input (0 left, 1 right) without partners
// matter.
func (k Kind) preserves(input int) bool {
	if input == 0 {
		return k == Left || k == Full || k.leftOnly()
	}
	return k == Right || k == Full
}

// leftOnly reports whether the output has the left columns alone, but for a mark.
func (k Kind) leftOnly() bool { return k == Semi || k == Anti || k == Mark }

// Config describes a Join. Both inputs must be full changelogs: an update comes as
// -U and +U, or -D and +I.
type Config struct {
	Kind Kind
	// LeftKeys and RightKeys are the columns that must be equal, pairwise of the
	// same type; none makes every pair a candidate.
	LeftKeys  []int
	RightKeys []int
	// NullEqual tells of which pairs of keys NULL equals NULL; nil for none.
	NullEqual []bool
	// InsertOnly tells of each input that it has +I rows alone: its rows are then
	// added to the state without a look at what is there.
	InsertOnly [2]bool
	// Condition is a further predicate over the left then right columns, or nil.
	Condition *rex.Expr
	// Registry holds the functions of Condition; may be nil without one.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// TTL forgets rows of the left and the right input that were not written for so
	// long; 0 never.
	TTL [2]time.Duration
}

// strict lists those of an input's keys in which NULL has no partner.
func (c *Config) strict(keys []int) []int {
	var out []int
	for i, key := range keys {
		if c.NullEqual == nil || !c.NullEqual[i] {
			out = append(out, key)
		}
	}
	return out
}

// Join joins its inputs 0 (left) and 1 (right).
//
// An inner join passes the kinds of the input's rows on; the others emit +I and
// -D, as a change of one side may pad or unpad rows of the other.
type Join struct {
	cfg       Config
	ctx       *op.Context
	sides     [2]*side
	predicate *expr.Predicate
	eval      expr.EvalContext
	joined    *arrow.Schema // left then right columns
	probe     probe
	out       emission
}

var (
	_ op.Operator = (*Join)(nil)
	_ op.Ticker   = (*Join)(nil)
)

// New makes a Join; it compiles the condition.
func New(cfg Config) (*Join, error) {
	j := &Join{cfg: cfg}
	if len(cfg.LeftKeys) != len(cfg.RightKeys) || cfg.NullEqual != nil && len(cfg.NullEqual) != len(cfg.LeftKeys) {
		return nil, errs.Bugf("join of %d left with %d right key columns", len(cfg.LeftKeys), len(cfg.RightKeys))
	}
	var err error
	j.predicate, err = expr.CompileCondition(cfg.Condition, expr.CompileEnv{Registry: cfg.Registry, Label: "Join"})
	return j, err
}

// Open implements op.Operator.
func (j *Join) Open(ctx *op.Context) error {
	if len(ctx.Inputs) != 2 {
		return errs.Bugf("%s has %d inputs, not 2", ctx.Label, len(ctx.Inputs))
	}
	j.ctx = ctx
	j.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, j.cfg.Zone)
	for input, keys := range [][]int{j.cfg.LeftKeys, j.cfg.RightKeys} {
		s, err := openSide(ctx, sideSpec{
			id: [2]string{"left", "right"}[input], input: input, keys: keys, strict: j.cfg.strict(keys), preserved: j.cfg.Kind.preserves(input),
			appended: j.cfg.InsertOnly[input] && j.cfg.TTL[input] == 0, ttl: j.cfg.TTL[input],
		})
		if err != nil {
			return err
		}
		j.sides[input] = s
	}
	fields := append(append([]arrow.Field{}, ctx.Inputs[0].Fields()...), ctx.Inputs[1].Fields()...)
	j.joined = arrow.NewSchema(fields, nil)
	j.out.init(j)
	return nil
}

// Process implements op.Operator.
func (j *Join) Process(input int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	defer j.probe.finish()
	if err := j.match(input, batch, out); err != nil {
		return err
	}
	if err := j.sides[input].update(&j.probe.keyed, j.probe.matches); err != nil {
		return err
	}
	j.ctx.Counters.StateRows = j.sides[0].rows + j.sides[1].rows
	return nil
}

// match finds the partners of a batch and emits what follows. The batch's own side
// is not touched.
func (j *Join) match(input int, batch stream.Batch, out op.Output) error {
	other, p := j.sides[1-input], &j.probe
	if err := p.start(j, input, batch); err != nil {
		return err
	}
	if err := other.find(&p.keys); err != nil {
		return err
	}
	for p.next(other) {
		if err := j.chunk(out); err != nil {
			return err
		}
	}
	return nil
}

// chunk decides which candidate pairs pass and emits what follows.
func (j *Join) chunk(out op.Output) error {
	c, err := j.gather()
	if err != nil {
		return err
	}
	defer c.release()
	if err := j.choose(c); err != nil {
		return err
	}
	j.walk(c)
	return j.out.emit(c, out)
}

// Advance implements op.Operator.
func (j *Join) Advance(wm stream.Watermark, out op.Output) error {
	j.eval.WatermarkMillis = int64(wm)
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (j *Join) Tick(nowMillis int64, _ op.Output) error {
	j.eval.NowMillis = nowMillis
	j.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator; nothing is held back.
func (*Join) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Join) Close() error { return nil }
