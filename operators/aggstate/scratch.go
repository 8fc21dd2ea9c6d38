package aggstate

import (
	"context"
	"fmt"
	"time"

	"github.com/thalweg/thalweg/state"
)

// OpenTables opens the state that the program needs beside its groups' rows.
func (p *Program) OpenTables(store *state.Store, ttl time.Duration) (Tables, error) {
	var tables Tables
	for i, layout := range p.DistinctLayouts() {
		d, err := store.Table(state.TableSpec{ID: fmt.Sprintf("distinct%d", i), Layout: layout, TTL: ttl})
		if err != nil {
			return tables, err
		}
		tables.Distinct = append(tables.Distinct, d)
	}
	for i, spec := range p.SetSpecs() {
		spec.ID, spec.TTL = fmt.Sprintf("set%d", i), ttl
		m, err := store.Multi(spec)
		if err != nil {
			return tables, err
		}
		tables.Sets = append(tables.Sets, m)
	}
	return tables, nil
}

// Scratch makes tables that live for one evaluation only. Close the store behind them
// when done; it is nil where the program needs none.
func (p *Program) Scratch() (Tables, *state.Store, error) {
	if !p.HasDistinct() && !p.HasSets() {
		return Tables{}, nil, nil
	}
	store, err := state.New(state.Options{Backing: nowhere{}})
	if err != nil {
		return Tables{}, nil, err
	}
	tables, err := p.OpenTables(store, 0)
	if err != nil {
		store.Close()
		return Tables{}, nil, err
	}
	return tables, store, nil
}

// nowhere is the backing of tables that live for one evaluation only: it holds
// nothing.
type nowhere struct{}

var (
	_ state.Backing = nowhere{}
	_ state.Batch   = nowhere{}
)

// MultiGet implements state.Backing.
func (nowhere) MultiGet([][]byte, func(int, []byte) error) error { return nil }

// MultiScan implements state.Backing.
func (nowhere) MultiScan([]state.KeyRange, func(int, []byte, []byte) error) error { return nil }

// NewBatch implements state.Backing.
func (nowhere) NewBatch() state.Batch { return nowhere{} }

// Snapshot implements state.Backing.
func (nowhere) Snapshot(context.Context, uint64) (state.Image, error) { return nil, nil }

// Set implements state.Batch.
func (nowhere) Set([]byte, []byte) error { return nil }

// Delete implements state.Batch.
func (nowhere) Delete([]byte) error { return nil }

// DeleteRange implements state.Batch.
func (nowhere) DeleteRange([]byte, []byte) error { return nil }

// Bytes implements state.Batch.
func (nowhere) Bytes() int { return 0 }

// Commit implements state.Batch.
func (nowhere) Commit() error { return nil }

// Close implements both.
func (nowhere) Close() error { return nil }
