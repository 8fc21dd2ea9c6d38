package engine

import (
	"context"
	"maps"
	"time"

	"github.com/thalweg/thalweg/connectors/matview"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// views are the contents of the materialized views, opened on first use. What no
// relation names, of a creation or removal that a crash cut short, is dropped.
func (e *Engine) views() (*matview.Store, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	// Jobs that commit while the engine closes still find an open store.
	if store, ok := e.services[matview.Name].(*matview.Store); ok {
		return store, nil
	}
	if e.closed {
		return nil, errClosed()
	}
	now := func() time.Time { return time.UnixMilli(e.opts.Now()) }
	store, err := matview.Open(e.fs.PathJoin(e.dir, "views"), matview.Options{FS: e.fs, Now: now})
	if err != nil {
		return nil, err
	}
	e.services[matview.Name] = store
	return store, store.Keep(e.viewIDs())
}

// viewIDs are the views that relations name. The engine's lock is held.
func (e *Engine) viewIDs() map[matview.ID]bool {
	ids := map[matview.ID]bool{}
	for _, r := range e.relations {
		if r.Materialized != nil {
			ids[viewID(r.Table)] = true
		}
	}
	return ids
}

func viewID(t *catalog.Table) matview.ID { return matview.ParseID(t.Options[matview.OptionView]) }

// orphaned reports that a recorded job writes a materialized view that is not there:
// a crash cut its creation or removal short.
func (e *Engine) orphaned(record *meta.Job) bool {
	if record.View == "" {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.viewIDs()[matview.ParseID(record.View)]
}

// bury ends a recorded job that has nothing to do any more.
func (e *Engine) bury(record *meta.Job) {
	if parseState(record.State).Ended() {
		return
	}
	record.State = coordinator.Cancelled.String()
	if err := e.meta.PutJob(*record); err != nil {
		e.log.Error("write job record", "job", record.ID, "error", err) // the next start does it
	}
}

// forget ends a materialized view's job and drops its contents. Its relation is gone,
// or another one's.
func (e *Engine) forget(ctx context.Context, r relation) error {
	if job, ok := e.Job(r.Materialized.Job); ok && !job.Info().State.Ended() {
		if err := job.Cancel(ctx); err != nil {
			return err
		}
	}
	store, err := e.views()
	if err != nil {
		return err
	}
	return store.Drop(viewID(r.Table))
}

// isMaterialized tells the table of a materialized view.
func isMaterialized(r catalog.Relation) bool {
	return r.Table != nil && r.Table.Options["connector"] == matview.Name
}

// kindOf names what a relation is.
func kindOf(r catalog.Relation) string {
	switch {
	case isMaterialized(r):
		return "materialized view"
	case r.View != nil:
		return "view"
	}
	return "table"
}

// asRead is a relation as a statement reads it: a materialized view as a snapshot
// by a SELECT, and with its changes by everything else.
func (c *sessionCatalog) asRead(r catalog.Relation) catalog.Relation {
	if !c.snapshots || !isMaterialized(r) {
		return r
	}
	table := *r.Table
	table.Options = maps.Clone(table.Options)
	table.Options[matview.OptionMode] = matview.ModeSnapshot
	return catalog.Relation{Table: &table}
}

// readsSnapshots reports that a statement asks for a result as of now.
func readsSnapshots(stmt sql.Statement) bool {
	if e, ok := stmt.(*sql.Explain); ok {
		stmt = e.Statement
	}
	_, query := stmt.(*sql.QueryStatement)
	return query
}
