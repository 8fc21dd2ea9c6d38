package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
)

// Tables are named tables in memory, the outside world of a test. Options of the
// connector "memory" name them. Its methods may be called from any goroutine.
type Tables struct {
	mu     sync.Mutex
	tables map[string]*Table
}

// Table is rows to read and rows that were written.
type Table struct {
	mu sync.Mutex
	// splits are the rows of each split as text, open tells that more may come.
	splits [][]string
	open   bool
	grown  chan struct{}
	// parents are the splits that must end before one is read.
	parents map[int][]int
	// taken is how many rows of each split were handed out since ForgetReads;
	// reads is closed and replaced when it changes.
	taken map[int]int
	reads chan struct{}

	pending   map[string][]string
	committed map[string]bool
	rows      []string
	// failWrites makes so many writes fail; -1 all.
	failWrites int
}

// NewTables makes an empty world.
func NewTables() *Tables { return &Tables{tables: map[string]*Table{}} }

// Table finds a table or makes an empty one.
func (t *Tables) Table(name string) *Table {
	t.mu.Lock()
	defer t.mu.Unlock()
	table, ok := t.tables[name]
	if !ok {
		table = &Table{grown: make(chan struct{}), reads: make(chan struct{}), taken: map[int]int{}, pending: map[string][]string{}, committed: map[string]bool{}}
		t.tables[name] = table
	}
	return table
}

// SetSplits sets the rows to read, by split. An open table never ends: Append and
// Finish go on with it.
func (t *Table) SetSplits(open bool, splits ...[]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.splits, t.open = splits, open
}

// SetParents makes the parents of a split.
func (t *Table) SetParents(split int, parents ...int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.parents == nil {
		t.parents = map[int][]int{}
	}
	t.parents[split] = parents
}

// Append adds rows to a split.
func (t *Table) Append(split int, rows ...string) {
	t.change(func() { t.splits[split] = append(t.splits[split], rows...) })
}

// Finish ends an open table.
func (t *Table) Finish() { t.change(func() { t.open = false }) }

// FailWrites makes the next n writes fail.
func (t *Table) FailWrites(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failWrites = n
}

func (t *Table) change(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
	close(t.grown)
	t.grown = make(chan struct{})
}

// Rows are the committed rows as text, in order of commit.
func (t *Table) Rows() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.rows)
}

// Pending is the number of prepared writes that are neither committed nor
// recovered.
func (t *Table) Pending() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pending)
}

// read gives up to n rows of a split from row at on; wait is closed when there may
// be more, and end tells that there won't.
func (t *Table) read(split, at, n int) (rows []string, wait <-chan struct{}, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.splits[split]
	to := min(len(all), at+n)
	t.taken[split] = at
	close(t.reads)
	t.reads = make(chan struct{})
	return all[at:to], t.grown, !t.open && to == len(all)
}

// ForgetReads makes WaitRead wait for reads from now on.
func (t *Table) ForgetReads() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.taken)
}

// WaitRead waits until all rows of every split were read and passed on: their
// readers ask for more.
func (t *Table) WaitRead(ctx context.Context) error {
	for {
		t.mu.Lock()
		behind, reads := false, t.reads
		for i, rows := range t.splits {
			behind = behind || t.taken[i] < len(rows)
		}
		t.mu.Unlock()
		if !behind {
			return nil
		}
		select {
		case <-reads:
		case <-ctx.Done():
			return fmt.Errorf("rows were not read: %w", ctx.Err())
		}
	}
}

// mayWrite counts down the writes that fail.
func (t *Table) mayWrite() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failWrites == 0 {
		return true
	}
	if t.failWrites > 0 {
		t.failWrites--
	}
	return false
}

func (t *Table) prepare(token string, rows []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending[token] = rows
}

// commit makes prepared rows visible, once.
func (t *Table) commit(token string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.committed[token] {
		return nil
	}
	rows, ok := t.pending[token]
	if !ok {
		return fmt.Errorf("commit of %q, which was not prepared", token)
	}
	delete(t.pending, token)
	t.committed[token] = true
	t.rows = append(t.rows, rows...)
	return nil
}

// recover drops what was prepared but not committed.
func (t *Table) recover() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.pending)
}

// Connector is the connector "memory" over tables.
func (t *Tables) Connector() connector.Connector { return memoryConnector{t} }

// Freeze copies the world as it is and calls do while it stands still.
func (t *Tables) Freeze(do func(copied *Tables)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := NewTables()
	for name, table := range t.tables {
		table.mu.Lock()
		defer table.mu.Unlock()
		c.tables[name] = table.clone()
	}
	do(c)
}

// clone copies a table whose lock is held.
func (t *Table) clone() *Table {
	return &Table{splits: t.splits, open: t.open, grown: make(chan struct{}), reads: make(chan struct{}), taken: map[int]int{},
		pending: maps.Clone(t.pending), committed: maps.Clone(t.committed), rows: slices.Clone(t.rows)}
}
