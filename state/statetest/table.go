package statetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// tableRow is a row of the twin: a counter and a string.
type tableRow struct {
	count uint64
	text  string
}

const (
	rowCount = 0
	rowText  = 8
)

func tableLayout() state.Layout { return state.Layout{Width: 16, Refs: []int{rowText}} }

func tableTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) { runTableTwin(t, open, rng, wordKey) })
}

func tableStringTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) { runTableTwin(t, open, rng, stringKey) })
}

// tables is a table in each task of a cluster, beside its twin.
type tables struct {
	c     *cluster
	parts []*state.Table
	twin  map[string]tableRow
	keys  rowcodec.Keys
}

func runTableTwin(t *testing.T, open Opener, rng *rand.Rand, make keyMaker) {
	x := &tables{twin: map[string]tableRow{}}
	x.c = newCluster(t, open, rng, func(task int, s *state.Store) {
		table, err := s.Scope("op").Table(state.TableSpec{ID: "rows", Layout: tableLayout()})
		must(t, err)
		if task == 0 {
			x.parts = nil
		}
		x.parts = append(x.parts, table)
	})
	space := 20 + rng.IntN(2000)
	for range 150 {
		keys := pick(rng, make, space)
		switch rng.IntN(4) {
		case 0, 1:
			x.count(keys)
		case 2:
			x.find(keys)
		default:
			x.remove(keys)
		}
		if rng.IntN(20) == 0 {
			x.scan()
		}
		x.c.event()
	}
	x.scan()
}

// count adds one to each key's row and appends to its text.
func (x *tables) count(keys [][]byte) {
	for task, part := range split(keys, len(x.parts)) {
		table := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, table.Upsert(batchOf(&x.keys, part), slots))
		for i, s := range slots {
			row := x.twin[string(part[i])]
			if isNew := row.count == 0; isNew != table.IsNew(s) && slices.Index(slots, s) == i {
				x.c.t.Fatalf("key %q: IsNew is %v", part[i], !isNew)
			}
			if got := x.read(table, s); got != row {
				x.c.t.Fatalf("key %q: row is %v, want %v", part[i], got, row)
			}
			row.count++
			row.text += strings.Repeat("ab", len(part[i])%7)
			x.twin[string(part[i])] = row
			p := table.Row(s)
			*word(p, rowCount) = row.count
			*word(p, rowText) = table.Heap().Put(*word(p, rowText), []byte(row.text))
			if len(part)%2 == 0 {
				table.MarkDirty(s)
			}
		}
		if len(part)%2 == 1 {
			table.MarkAllDirty(append(slots, state.NoSlot))
		}
	}
}

func (x *tables) read(table *state.Table, s state.Slot) tableRow {
	p := table.Row(s)
	return tableRow{count: *word(p, rowCount), text: string(table.Heap().Get(*word(p, rowText)))}
}

func (x *tables) find(keys [][]byte) {
	for task, part := range split(keys, len(x.parts)) {
		table := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, table.Find(batchOf(&x.keys, part), slots))
		for i, s := range slots {
			want, there := x.twin[string(part[i])]
			if there != (s != state.NoSlot) {
				x.c.t.Fatalf("key %q: found is %v, want %v", part[i], !there, there)
			}
			if there && (x.read(table, s) != want || string(table.Key(s)) != string(part[i])) {
				x.c.t.Fatalf("key %q: row is %v of %q, want %v", part[i], x.read(table, s), table.Key(s), want)
			}
		}
	}
}

// remove deletes keys; every other one comes back with a new row at once.
func (x *tables) remove(keys [][]byte) {
	for task, part := range split(keys, len(x.parts)) {
		table := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, table.Find(batchOf(&x.keys, part), slots))
		for i, s := range slots {
			if s == state.NoSlot {
				continue
			}
			table.Delete(s)
			delete(x.twin, string(part[i]))
			if i%2 == 0 {
				table.MarkDirty(s)
				*word(table.Row(s), rowCount) = 1
				x.twin[string(part[i])] = tableRow{count: 1}
			}
		}
	}
}

// scan compares everything, order included.
func (x *tables) scan() {
	for task, table := range x.parts {
		want := slices.Collect(maps.Keys(x.twin))
		want = slices.DeleteFunc(want, func(k string) bool { return taskOf([]byte(k), len(x.parts)) != task })
		scanOrder(want)
		var got []string
		must(x.c.t, table.ScanBatch(1+x.c.rng.IntN(50), func(slots []state.Slot) error {
			for _, s := range slots {
				key := string(table.Key(s))
				got = append(got, key)
				if row := x.read(table, s); row != x.twin[key] {
					x.c.t.Fatalf("scan: key %q has row %v, want %v", key, row, x.twin[key])
				}
			}
			return nil
		}))
		if !slices.Equal(got, want) {
			x.c.t.Fatalf("scan gave %d keys, want %d; first %q, want %q", len(got), len(want), head(got), head(want))
		}
		n, err := table.Len()
		must(x.c.t, err)
		if n != len(want) {
			x.c.t.Fatalf("Len is %d, want %d", n, len(want))
		}
	}
}

func head(keys []string) []string { return keys[:min(3, len(keys))] }

func tableTTL(t *testing.T, open Opener) {
	const ttl = 100
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		twin := map[string]int64{}
		var parts []*state.Table
		c := newCluster(t, open, rng, func(task int, s *state.Store) {
			table, err := s.Table(state.TableSpec{ID: "ttl", Layout: state.Layout{Width: 8}, TTL: ttl * 1e6})
			must(t, err)
			if task == 0 {
				parts = nil
			}
			parts = append(parts, table)
		})
		var keys rowcodec.Keys
		for range 200 {
			c.tick(c.now + rng.Int64N(30))
			for task, part := range split(pick(rng, wordKey, 60), len(parts)) {
				table := parts[task]
				slots := slotsFor(len(part))
				upsert := rng.IntN(2) == 0
				if upsert {
					must(t, table.Upsert(batchOf(&keys, part), slots))
				} else {
					must(t, table.Find(batchOf(&keys, part), slots))
				}
				for i, s := range slots {
					changed, there := twin[string(part[i])]
					there = there && changed+ttl > c.now
					switch {
					case upsert && slices.Index(slots, s) == i && table.IsNew(s) == there:
						t.Fatalf("at %d: key changed at %d is new: %v", c.now, changed, !there)
					case !upsert && there != (s != state.NoSlot):
						t.Fatalf("at %d: key changed at %d is there: %v", c.now, changed, s != state.NoSlot)
					}
					if upsert && !there {
						twin[string(part[i])] = c.now
					}
					if s != state.NoSlot && rng.IntN(3) == 0 {
						table.MarkDirty(s)
						twin[string(part[i])] = c.now
					}
				}
			}
			live, counted := 0, 0
			for _, changed := range twin {
				if changed+ttl > c.now {
					live++
				}
			}
			for _, table := range parts {
				n, err := table.Len()
				must(t, err)
				counted += n
			}
			if counted < live {
				t.Fatalf("at %d: %d keys counted of %d", c.now, counted, live)
			}
			c.event()
		}
	})
}
