package state

import "slices"

// Cell is a small blob of one task, such as the watermark an operator has seen.
type Cell struct {
	restored [][]byte
	own      []byte
	set      bool
}

// Cell opens the cell of the given name. Every call with the same name gives the
// same cell.
func (s *Store) Cell(id string) *Cell {
	name := s.scope + id
	if c, ok := s.core.cells[name]; ok {
		return c
	}
	c := &Cell{restored: s.core.options.Cells[name]}
	s.core.cells[name] = c
	return c
}

// Get gives the blob set last by this task, alone, or else the restored blobs of
// all tasks that had set one, in order of task, or nothing.
func (c *Cell) Get() [][]byte {
	if c.set {
		return [][]byte{slices.Clone(c.own)}
	}
	return c.restored
}

// Set replaces the blob; b is copied.
func (c *Cell) Set(b []byte) { c.own, c.set = append(c.own[:0], b...), true }
