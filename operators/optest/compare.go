package optest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// Order tells in which sense two outputs must agree.
type Order uint8

// The senses, from the strictest.
const (
	// InOrder: line by line.
	InOrder Order = iota
	// Bag: the same rows, in any order, between the same watermarks and barriers.
	Bag
	// Folded: the same table at each watermark and barrier, and at the end.
	Folded
	// FinalOnly: the same table at the end; watermarks may differ.
	FinalOnly
)

// String gives the sense's lower-case name.
func (o Order) String() string {
	names := [...]string{"in-order", "bag", "folded", "final-only"}
	if int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("order(%d)", uint8(o))
}

// normalise brings an output into the form in which agreeing outputs are equal.
func normalise(lines []string, order Order, c Case) ([]string, error) {
	lines = withoutRepeats(lines)
	if order == InOrder {
		return lines, nil
	}
	var out []string
	var rows []string
	table := NewTable(c.UpsertKey)
	mark := func() {
		if order == Bag {
			slices.Sort(rows)
			out, rows = append(out, rows...), nil
		} else if order == Folded {
			out = append(out, table.Lines()...)
		}
	}
	for _, line := range lines {
		verb, row, _ := strings.Cut(line, " ")
		kind, isRow := stream.ParseKind(verb)
		if !isRow {
			mark()
			if order != FinalOnly {
				out = append(out, line)
			}
			continue
		}
		rows = append(rows, line)
		if order != Bag {
			if err := table.Apply(kind, row); err != nil {
				return nil, err
			}
		}
	}
	mark()
	if order == FinalOnly {
		out = append(out, table.Lines()...)
	}
	return out, nil
}

// withoutRepeats leaves out watermarks that say nothing new: a restored operator says
// again what it had said.
func withoutRepeats(lines []string) []string {
	last := ""
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		if !strings.HasPrefix(line, "wm ") {
			return false
		}
		repeated := line == last
		last = line
		return repeated
	})
}

// Table folds a changelog of rows as text.
type Table struct {
	key   []string
	count map[string]int
	rows  map[string]string
}

// NewTable makes an empty table; key names the columns that +I and +U replace rows
// by in a changelog without -U, nil for others.
func NewTable(key []string) *Table {
	return &Table{key: key, count: map[string]int{}, rows: map[string]string{}}
}

// Apply applies one change. Taking away a row that isn't there is an error.
func (t *Table) Apply(kind stream.RowKind, row string) error {
	if t.key != nil {
		return t.upsert(kind, row)
	}
	if kind.Adds() {
		t.count[row]++
		return nil
	}
	if t.count[row] == 0 {
		return errs.Bugf("%s %s takes away a row that isn't there", kind, row)
	}
	if t.count[row]--; t.count[row] == 0 {
		delete(t.count, row)
	}
	return nil
}

func (t *Table) upsert(kind stream.RowKind, row string) error {
	var key []string
	for _, cell := range strings.Split(row, " ") {
		name, _, _ := strings.Cut(cell, "=")
		if slices.Contains(t.key, name) {
			key = append(key, cell)
		}
	}
	id := strings.Join(key, " ")
	_, exists := t.rows[id]
	if kind == stream.Insert && exists || kind != stream.Insert && !exists {
		return errs.Bugf("%s %s on a table where its key exists: %t", kind, row, exists)
	}
	if kind.Adds() {
		t.rows[id] = row
	} else {
		delete(t.rows, id)
	}
	return nil
}

// ApplyLines applies the rows among lines, passing over watermarks and barriers.
func (t *Table) ApplyLines(lines []string) error {
	for _, line := range lines {
		verb, row, _ := strings.Cut(line, " ")
		if kind, ok := stream.ParseKind(verb); ok {
			if err := t.Apply(kind, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// Lines lists the rows in order, each as often as it is there.
func (t *Table) Lines() []string {
	var out []string
	for row, n := range t.count {
		for range n {
			out = append(out, row)
		}
	}
	for _, row := range t.rows {
		out = append(out, row)
	}
	slices.Sort(out)
	return out
}
