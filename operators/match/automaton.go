package match

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowpattern"
)

const (
	// stepsMax bounds the steps of an automaton, followsMax the arcs between them:
	// repetitions with bounds are written out.
	stepsMax   = rowpattern.StepsMax
	followsMax = 1 << 17
	// permuteMax bounds the items of PERMUTE, whose orders are all written out.
	permuteMax = rowpattern.PermuteMax
)

// accept in a list of what follows says that the match may end here.
const accept = int32(-1)

// step is one place in the pattern that takes a row.
type step struct {
	variable int
	excluded bool
}

// automaton is a pattern as steps and what may follow each, in order of
// preference. State 0 is the start, state i > 0 the one after step i.
type automaton struct {
	steps  []step
	follow [][]int32
	// least is the number of rows of the shortest match.
	least int
}

// mayEnd reports whether the match may end after a step.
func (a *automaton) mayEnd(step int32) bool {
	follow := a.follow[step]
	return len(follow) > 0 && follow[len(follow)-1] == accept
}

// compile writes a pattern out as an automaton.
func compile(p rowpattern.Pattern) (*automaton, error) {
	c := &compiler{a: &automaton{steps: []step{{variable: -1}}}}
	entry, err := c.before(p, false, []int32{accept})
	if err != nil {
		return nil, err
	}
	c.a.follow = make([][]int32, len(c.a.steps))
	arcs := 0
	for i := range c.a.follow {
		list := entry
		if i > 0 {
			list = c.arcs[i]
		}
		// Only the first of equal ways counts, and nothing behind the end of the match.
		list = dedup(list)
		if end := slices.Index(list, accept); end >= 0 {
			list = list[:end+1]
		}
		c.a.follow[i] = list
		if arcs += len(list); arcs > followsMax {
			return nil, tooLarge()
		}
	}
	c.a.least = leastRows(p)
	return c.a, nil
}

// dedup keeps the first of equal steps.
func dedup(list []int32) []int32 {
	out := make([]int32, 0, len(list))
	if len(list) <= 16 {
		for _, s := range list {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return out
	}
	seen := make(map[int32]bool, len(list))
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func tooLarge() error {
	return errs.Userf("the pattern is too large: written out it has more than %d steps or %d arcs between them", stepsMax, followsMax).
		WithHint("lower the bounds of its repetitions, or use * or + with a condition in DEFINE")
}

// leastRows is the number of rows of the shortest match of p.
func leastRows(p rowpattern.Pattern) int {
	n := 0
	switch p.Kind {
	case rowpattern.Variable:
		return 1
	case rowpattern.Alternation:
		n = leastRows(p.Items[0])
		for _, item := range p.Items[1:] {
			n = min(n, leastRows(item))
		}
		return n
	case rowpattern.Repeat:
		return min(p.Min*leastRows(p.Items[0]), 1<<30)
	}
	for _, item := range p.Items {
		n += leastRows(item)
	}
	return n
}

// compiler builds an automaton from the back to the front: a fragment is made
// knowing what follows it.
type compiler struct {
	a *automaton
	// arcs holds what follows each step.
	arcs [][]int32
	// holes numbers the loops; a loop's rounds are built before what follows them is
	// known, which a hole stands for meanwhile.
	holes int
	// total counts work, so that a pattern too large is refused in good time.
	total int
}

// before builds p in front of next, which is what follows it, and gives what p
// begins with.
func (c *compiler) before(p rowpattern.Pattern, excluded bool, next []int32) ([]int32, error) {
	if c.total += len(next); c.total > 4*followsMax {
		return nil, tooLarge()
	}
	switch p.Kind {
	case rowpattern.Variable:
		return c.step(p.Variable, excluded, next)
	case rowpattern.Sequence:
		return c.sequence(p.Items, excluded, next)
	case rowpattern.Exclude:
		return c.sequence(p.Items, true, next)
	case rowpattern.Alternation:
		var entry []int32
		for _, item := range p.Items {
			e, err := c.before(item, excluded, next)
			if err != nil {
				return nil, err
			}
			entry = append(entry, e...)
		}
		return dedup(entry), nil
	case rowpattern.Permute:
		return c.permute(p.Items, excluded, next)
	case rowpattern.Repeat:
		return c.repeat(p, excluded, next)
	}
	return nil, errs.Bugf("match: no such pattern: %s", p.Kind)
}

func (c *compiler) step(variable int, excluded bool, next []int32) ([]int32, error) {
	id := len(c.a.steps)
	if id >= stepsMax {
		return nil, tooLarge()
	}
	c.a.steps = append(c.a.steps, step{variable: variable, excluded: excluded})
	for len(c.arcs) <= id {
		c.arcs = append(c.arcs, nil)
	}
	c.arcs[id] = next
	return []int32{int32(id)}, nil
}

func (c *compiler) sequence(items []rowpattern.Pattern, excluded bool, next []int32) ([]int32, error) {
	for i := len(items) - 1; i >= 0; i-- {
		var err error
		if next, err = c.before(items[i], excluded, next); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// permute tries the orders of the items as a dictionary lists them.
func (c *compiler) permute(items []rowpattern.Pattern, excluded bool, next []int32) ([]int32, error) {
	if len(items) > permuteMax {
		return nil, errs.Userf("PERMUTE of %d items has too many orders", len(items)).WithHint("it takes at most %d", permuteMax)
	}
	var entry []int32
	for _, order := range permutations(len(items)) {
		list := make([]rowpattern.Pattern, len(items))
		for i, at := range order {
			list[i] = items[at]
		}
		e, err := c.sequence(list, excluded, next)
		if err != nil {
			return nil, err
		}
		entry = append(entry, e...)
	}
	return dedup(entry), nil
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for first := range n {
		for _, rest := range permutations(n - 1) {
			order := []int{first}
			for _, r := range rest {
				if r >= first {
					r++
				}
				order = append(order, r)
			}
			out = append(out, order)
		}
	}
	return out
}

// repeat writes the rounds out: those that must be, then those that may be, the
// last of which is a loop when there is no bound.
func (c *compiler) repeat(p rowpattern.Pattern, excluded bool, next []int32) ([]int32, error) {
	item, rest, least := p.Items[0], next, p.Min
	if p.Max < 0 {
		body, skip, err := c.loop(item, excluded, p.Reluctant, next)
		if err != nil {
			return nil, err
		}
		if rest = skip; least > 0 {
			// The last round that must be is the loop's own first.
			rest = body
			least--
		}
	}
	for range max(0, p.Max-p.Min) {
		round, err := c.before(item, excluded, rest)
		if err != nil {
			return nil, err
		}
		rest = prefer(round, next, p.Reluctant)
	}
	for range least {
		var err error
		if rest, err = c.before(item, excluded, rest); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// loop builds rounds without a bound in front of next. body begins with a round,
// skip with a round or next. A round that takes no row ends the loop.
func (c *compiler) loop(item rowpattern.Pattern, excluded, reluctant bool, next []int32) (body, skip []int32, err error) {
	c.holes++
	hole := accept - int32(c.holes)
	first := len(c.a.steps)
	round, err := c.before(item, excluded, []int32{hole})
	if err != nil {
		return nil, nil, err
	}
	body = fill(round, hole, next)
	skip = prefer(body, next, reluctant)
	for id := first; id < len(c.a.steps); id++ {
		c.arcs[id] = fill(c.arcs[id], hole, skip)
		if c.total += len(c.arcs[id]); c.total > 4*followsMax {
			return nil, nil, tooLarge()
		}
	}
	return body, skip, nil
}

// prefer puts more rounds before going on, or behind it when reluctant.
func prefer(round, next []int32, reluctant bool) []int32 {
	if reluctant {
		return dedup(slices.Concat(next, round))
	}
	return dedup(slices.Concat(round, next))
}

// fill replaces hole in list by with.
func fill(list []int32, hole int32, with []int32) []int32 {
	at := slices.Index(list, hole)
	if at < 0 {
		return list
	}
	return dedup(slices.Concat(list[:at], with, list[at+1:]))
}
