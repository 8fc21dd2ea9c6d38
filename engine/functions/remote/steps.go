package remote

import (
	"context"
	"encoding/json"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/agg"
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

// portion is the work of one request, or of several that follow each other: the items of
// groups [from, to). Groups don't depend on each other, so that portions go side by side.
type portion struct{ from, to int }

// portions cuts the work so that a request has at most rowsMax rows and groups.
func (w *work) portions(rowsMax int) []portion {
	var all []portion
	from, rows, bytes := 0, 0, 0
	for g := range w.states {
		more, size := max(1, w.ends[g]-w.start(g)), len(w.states[g])
		for _, item := range w.items[w.start(g):w.ends[g]] {
			size += len(item)
		}
		if g > from && (rows+more > rowsMax || bytes+size > requestBytes) {
			all = append(all, portion{from, g})
			from, rows, bytes = g, 0, 0
		}
		rows, bytes = rows+more, bytes+size
	}
	if from < len(w.states) {
		all = append(all, portion{from, len(w.states)})
	}
	return all
}

// do has the service do the work.
func (a *aggregate) do(ctx context.Context, w *work) error {
	portions := w.portions(a.opts.BatchRows)
	return a.slots.Pieces(ctx, len(portions), 1, 0, func(ctx context.Context, p, _ int) error {
		from, to := portions[p].from, portions[p].to
		first, end := w.start(from), w.ends[to-1]
		if to-from > 1 || end-first <= a.opts.BatchRows {
			return a.request(ctx, w, portions[p], first, end)
		}
		for ; first < end; first += a.opts.BatchRows { // each goes on from the state before
			if err := a.request(ctx, w, portions[p], first, min(first+a.opts.BatchRows, end)); err != nil {
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

// request sends a portion's items [first, end) and takes the answer in.
func (a *aggregate) request(ctx context.Context, w *work, p portion, first, end int) error {
	ask := stepRequest{Version: version, Function: a.name, Step: w.step, Groups: make([]groupAsked, p.to-p.from)}
	for i := range ask.Groups {
		g := p.from + i
		from, to := max(first, w.start(g)), min(end, w.ends[g])
		ask.Groups[i] = w.asked(g, from, to)
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
		return a.refused(w, p, first, answer)
	}
	return a.take(w, p, answer)
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

// refused is the error that an answer names.
func (a *aggregate) refused(w *work, p portion, first int, answer stepAnswer) error {
	e := answer.Errors[0]
	text := ""
	if g := p.from + e.Group; w.step == stepAdd && e.Group >= 0 && g < p.to {
		if at := max(first, w.start(g)) + e.Row; e.Row >= 0 && at < w.ends[g] {
			text = ", " + Excerpt(w.items[at])
		}
	}
	return errs.Userf("%s %s of %s, step %s%s: %s", a.what, a.name, a.opts.URL, w.step, text, e.Message)
}

// take takes the states and results of an answer in.
func (a *aggregate) take(w *work, p portion, answer stepAnswer) error {
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
			return errs.Userf("%s answered step %s of the %s %s without a \"%s\" of group %d", a.opts.URL, w.step, a.what, a.name, lacks, i)
		}
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
