// Package state is keyed, checkpointed operator state: hot tables in memory over
// an ordered store below.
package state

// Store opens the state tables of one task.
type Store struct{}
