package remote

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// The steps of an aggregate function.
const (
	stepAdd    = "add"
	stepMerge  = "merge"
	stepResult = "result"
)

// requestBytes is about how much one request says of states and rows, unless a single
// one is greater.
const requestBytes = 4 << 20

// work is a step for many groups. Items are the rows to add or the states to merge,
// those of a group side by side and in the order they came.
type work struct {
	step            string
	states, results []json.RawMessage
	// ends are where each group's items end, rows the batch's rows that they are of.
	ends    []int
	rows    []int32
	items   []json.RawMessage
	retract []bool
}

// begin takes over which rows belong to which groups; states and items are left open.
func (w *work) begin(step string, f agg.Fold) {
	groups, n := len(f.States), len(f.Rows)
	*w = work{step: step, states: make([]json.RawMessage, groups), results: make([]json.RawMessage, groups), ends: make([]int, groups), rows: make([]int32, n)}
	for _, g := range f.Groups {
		w.ends[g]++
	}
	at := 0
	for g, count := range w.ends {
		w.ends[g] = at // where its next row goes, and so its end when all are placed
		at += count
	}
	if f.Retract != nil {
		w.retract = make([]bool, n)
	}
	for k, g := range f.Groups {
		w.rows[w.ends[g]] = f.Rows[k]
		if f.Retract != nil {
			w.retract[w.ends[g]] = f.Retract[k]
		}
		w.ends[g]++
	}
}

// start is where the items of a group begin.
func (w *work) start(group int) int {
	if group == 0 {
		return 0
	}
	return w.ends[group-1]
}

// portion is the work of one request, or of several that follow each other: the items
// [first, end) of groups [from, to). Groups don't depend on each other, so that portions
// go side by side.
type portion struct{ from, to, first, end int }

// portions cuts the work so that a request has at most rowsMax rows and groups.
func (w *work) portions(rowsMax int) []portion {
	var all []portion
	add := func(from, to int) { all = append(all, portion{from, to, w.start(from), w.ends[to-1]}) }
	from, rows, bytes := 0, 0, 0
	for g := range w.states {
		more, size := max(1, w.ends[g]-w.start(g)), len(w.states[g])
		for _, item := range w.items[w.start(g):w.ends[g]] {
			size += len(item)
		}
		if g > from && (rows+more > rowsMax || bytes+size > requestBytes) {
			add(from, g)
			from, rows, bytes = g, 0, 0
		}
		rows, bytes = rows+more, bytes+size
	}
	if from < len(w.states) {
		add(from, len(w.states))
	}
	return all
}

// do has the service do the work.
func (a *aggregate) do(ctx context.Context, w *work) error {
	portions := w.portions(a.opts.BatchRows)
	return a.slots.Pieces(ctx, len(portions), 1, 0, func(ctx context.Context, at, _ int) error {
		p := portions[at]
		if p.to-p.from > 1 || p.end-p.first <= a.opts.BatchRows {
			return a.request(ctx, w, p)
		}
		for end := p.end; p.first < end; p.first = p.end { // each goes on from the state before
			p.end = min(p.first+a.opts.BatchRows, end)
			if err := a.request(ctx, w, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// stepRequest is the body of a request, stepAnswer of an answer.
type stepRequest struct {
	Version  int          `json:"version"`
	Function string       `json:"function"`
	Step     string       `json:"step"`
	Groups   []groupAsked `json:"groups"`
}

type groupAsked struct {
	State   json.RawMessage   `json:"state"`
	Rows    []json.RawMessage `json:"rows,omitempty"`
	Retract []bool            `json:"retract,omitempty"`
	Merge   []json.RawMessage `json:"merge,omitempty"`
}

type stepAnswer struct {
	Groups []struct {
		State  json.RawMessage `json:"state"`
		Result json.RawMessage `json:"result"`
	} `json:"groups"`
	Errors []struct {
		Group   int    `json:"group"`
		Row     int    `json:"row"`
		Message string `json:"message"`
	} `json:"errors"`
}

// request sends a portion and takes the answer in.
func (a *aggregate) request(ctx context.Context, w *work, p portion) error {
	ask := stepRequest{Version: version, Function: a.name, Step: w.step, Groups: make([]groupAsked, p.to-p.from)}
	for i := range ask.Groups {
		from, to := w.within(p, i)
		ask.Groups[i] = w.asked(p.from+i, from, to)
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode a request")
	}
	data, err := a.client.Post(ctx, body)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "%s %s", a.what, a.name)
	}
	var answer stepAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return errs.Userf("the answer of %s to the %s %s is no JSON of the form {\"groups\": […]}: %s", a.opts.URL, a.what, a.name, Excerpt(data))
	}
	if len(answer.Errors) > 0 {
		return a.refused(w, p, answer)
	}
	return a.take(w, p, answer)
}

// within is where a portion's items of its group i are.
func (w *work) within(p portion, i int) (from, to int) {
	return max(p.first, w.start(p.from+i)), min(p.end, w.ends[p.from+i])
}

// asked is what a request says of a group.
func (w *work) asked(g, from, to int) groupAsked {
	asked := groupAsked{State: w.states[g]}
	switch w.step {
	case stepAdd:
		asked.Rows = w.items[from:to]
		if w.retract != nil {
			asked.Retract = w.retract[from:to]
		}
	case stepMerge:
		asked.Merge = w.items[from:to]
	}
	return asked
}

// described is how messages name group i of a portion: the number alone, which is that
// within a request, would say nothing to who wrote the query.
func (w *work) described(p portion, i int) string {
	if from, to := w.within(p, i); w.step == stepAdd && from < to {
		return fmt.Sprintf("group %d of the request, rows from %s", i, Excerpt(w.items[from]))
	}
	state := w.states[p.from+i]
	if state == nil {
		state = json.RawMessage("null")
	}
	return fmt.Sprintf("group %d of the request, state %s", i, Excerpt(state))
}

// refused is the error that an answer names. Its numbers may be any.
func (a *aggregate) refused(w *work, p portion, answer stepAnswer) error {
	e := answer.Errors[0]
	text := ""
	if e.Group >= 0 && e.Group < p.to-p.from {
		text = ", " + w.described(p, e.Group)
		if from, to := w.within(p, e.Group); w.step == stepAdd && e.Row >= 0 && e.Row < to-from {
			text = ", " + Excerpt(w.items[from+e.Row])
		}
	}
	return errs.Userf("%s %s of %s, step %s%s: %s", a.what, a.name, a.opts.URL, w.step, text, e.Message)
}

// take takes the states and results of an answer in.
func (a *aggregate) take(w *work, p portion, answer stepAnswer) error {
	if err := a.check(w, p, answer); err != nil {
		return err
	}
	for i, got := range answer.Groups {
		var err error
		if w.results[p.from+i], err = compact(got.Result); err != nil {
			return errs.Wrap(errs.Bug, err, "compact a result")
		}
		if w.step == stepResult {
			continue
		}
		if w.states[p.from+i], err = compact(got.State); err != nil {
			return errs.Wrap(errs.Bug, err, "compact a state")
		}
	}
	return nil
}

// check wants what the step asks for of each group, and results of the declared type: a
// wrong one that was kept would fail later, and each time that it is given out.
func (a *aggregate) check(w *work, p portion, answer stepAnswer) error {
	if len(answer.Groups) != p.to-p.from {
		return errs.Userf("%s answered step %s of the %s %s with %d groups for %d", a.opts.URL, w.step, a.what, a.name, len(answer.Groups), p.to-p.from)
	}
	for i, got := range answer.Groups {
		lacks := ""
		switch {
		case w.step == stepResult && got.Result == nil:
			lacks = "result"
		case w.step != stepResult && got.State == nil:
			lacks = "state"
		}
		if lacks != "" {
			return errs.Userf("%s answered step %s of the %s %s without a \"%s\" of %s", a.opts.URL, w.step, a.what, a.name, lacks, w.described(p, i))
		}
	}
	results, err := a.decode(memory.DefaultAllocator, len(answer.Groups), func(record func(json.RawMessage) error) error {
		for i, got := range answer.Groups {
			if got.Result == nil {
				continue
			}
			if err := record(got.Result); err != nil {
				return errs.Wrap(errs.User, err, "step %s, %s", w.step, w.described(p, i))
			}
		}
		return nil
	})
	columns.Release(results)
	return err
}
