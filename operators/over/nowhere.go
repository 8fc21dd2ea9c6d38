package over

import (
	"context"

	"github.com/thalweg/thalweg/state"
)

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
