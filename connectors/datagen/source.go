package datagen

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// source is the reading side of one table.
type source struct {
	table connector.Table
	clock Clock
	// columns are the wanted ones. total is the number of rows, -1 without end.
	columns types.Schema
	total   int64
	rate    int64
}

var _ connector.Source = (*source)(nil)

// newSource checks a declaration.
func newSource(table connector.Table, clock Clock) (*source, error) {
	s := &source{table: table, clock: clock, columns: table.Schema, total: -1, rate: table.Options.Int("rows-per-second")}
	if s.rate < 0 {
		return nil, errs.Userf("option 'rows-per-second' = '%d': is negative", s.rate)
	}
	if table.Options.Has("number-of-rows") {
		s.total = table.Options.Int("number-of-rows")
		if s.total < 0 {
			return nil, errs.Userf("option 'number-of-rows' = '%d': is negative", s.total)
		}
	}
	if err := checkNames(table); err != nil {
		return nil, err
	}
	for _, f := range table.Schema {
		g, err := newGenerator(f.Name, f.Type, table.Options)
		if err != nil {
			return nil, err
		}
		if g.sequence && (s.total < 0 || g.count < s.total) {
			s.total = g.count
		}
	}
	return s, nil
}

// checkNames refuses options of columns that the table does not have.
func checkNames(table connector.Table) error {
	paths := map[string]bool{}
	for _, f := range table.Schema {
		addPaths(paths, f.Name, f.Type)
	}
	for _, name := range table.Options.Names() {
		rest, ok := strings.CutPrefix(name, "fields.")
		if !ok {
			continue
		}
		path := rest[:strings.LastIndexByte(rest, '.')]
		if paths[path] {
			continue
		}
		known := make([]string, 0, len(paths))
		for p := range paths {
			known = append(known, p)
		}
		e := errs.Userf("option '%s': the table has no column '%s'", name, path)
		if nearest := errs.Nearest(path, known); nearest != "" {
			return e.WithHint("did you mean '%s'?", nearest)
		}
		return e
	}
	return nil
}

func addPaths(paths map[string]bool, path string, t types.Type) {
	paths[path] = true
	for _, f := range t.Fields {
		addPaths(paths, path+"."+f.Name, f.Type)
	}
	switch t.Kind {
	case types.Array, types.Multiset:
		addPaths(paths, path+".element", *t.Elem)
	case types.Map:
		addPaths(paths, path+".key", *t.Key)
		addPaths(paths, path+".value", *t.Elem)
	}
}

// Apply takes every projection over.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	if p.Columns != nil {
		s.columns = p.Columns
	}
	return connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}, nil
}

// Bounded reports whether there is an end.
func (s *source) Bounded() bool { return s.total >= 0 }

// payloadVersion is the format of payload. Version 1 is the first.
const payloadVersion = 1

// payload describes a split: every Of-th row from row Index on.
type payload struct {
	Version int   `msgpack:"v"`
	Index   int64 `msgpack:"i"`
	Of      int64 `msgpack:"n"`
}

// Discover gives one split per task, which stay for the life of the job.
func (s *source) Discover(_ context.Context, known []connector.SplitID, parallelism int) ([]connector.Split, error) {
	if len(known) > 0 {
		return nil, nil
	}
	n := max(1, parallelism)
	splits := make([]connector.Split, n)
	for i := range splits {
		b, err := msgpack.Marshal(payload{Version: payloadVersion, Index: int64(i), Of: int64(n)})
		if err != nil {
			return nil, errs.Wrap(errs.Bug, err, "split of '%s'", s.table.Name)
		}
		splits[i] = connector.Split{ID: connector.SplitID(fmt.Sprintf("%d/%d", i, n)), Payload: b}
	}
	return splits, nil
}

// Open makes a reader of a split.
func (s *source) Open(_ context.Context, split connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	var p payload
	if err := msgpack.Unmarshal(split.Payload, &p); err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "split '%s'", split.ID)
	}
	if p.Version != payloadVersion || p.Of < 1 {
		return nil, errs.Corruptionf("split '%s' has version %d, want %d", split.ID, p.Version, payloadVersion)
	}
	r := &reader{source: s, split: p, env: env, closed: make(chan struct{}), rows: math.MaxInt64}
	if s.total >= 0 {
		r.rows = max(0, (s.total-p.Index+p.Of-1)/p.Of)
	}
	if err := r.at.decode(position); err != nil {
		return nil, err
	}
	if position == nil {
		r.at.BaseMillis = s.clock.NowMillis()
	}
	r.startRow, r.startMillis = r.at.Row, s.clock.NowMillis()
	r.set = column.NewSet(s.columns, env.Alloc, env.BatchRows)
	for i, f := range s.columns {
		g, err := newGenerator(f.Name, f.Type, s.table.Options)
		if err != nil {
			r.set.Free()
			return nil, err
		}
		g.bind(r.set.Cols[i])
		r.generators = append(r.generators, g)
	}
	return r, nil
}
