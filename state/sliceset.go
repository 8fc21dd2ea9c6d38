package state

import (
	"math"
	"slices"
)

// slice is one table of a sliceSet.
type slice interface {
	table
	// warm reads restored rows into memory while there is room.
	warm() error
	// destroy frees the memory and deletes the stored rows.
	destroy() error
}

// sliceSet is what Sliced and SlicedMulti share: a table for each slice of event time,
// by the slice's end.
type sliceSet[T slice] struct {
	core   *core
	id     tableID
	name   string
	slices map[int64]T
	// ends are those of all slices, ascending.
	ends     []int64
	newSlice func(end int64, restored bool) T
}

// open registers the set and makes the restored slices.
func (d *sliceSet[T]) open(c *core, info TableInfo, newSlice func(end int64, restored bool) T) error {
	if err := checkLayout(info); err != nil {
		return err
	}
	id, err := c.open(info)
	if err != nil {
		return err
	}
	*d = sliceSet[T]{core: c, id: id, name: info.Name, slices: map[int64]T{}, newSlice: newSlice}
	c.tables = append(c.tables, d)
	if !c.options.Restored {
		return nil
	}
	ends, err := storedNamespaces(c, id)
	if err != nil {
		return err
	}
	for _, end := range ends {
		if err := d.add(end, true).warm(); err != nil {
			return err
		}
	}
	return nil
}

// storedNamespaces lists the namespaces that the backing has rows of, ascending.
func storedNamespaces(c *core, id tableID) ([]int64, error) {
	var out []int64
	for g := c.options.KeyGroups.First; g < c.options.KeyGroups.End; g++ {
		lower := space{id: id, namespace: math.MinInt64}.appendPrefix(nil, g)
		upper := prefixEnd(slices.Clone(lower[:prefixBytes]))
		for lower != nil {
			var next []byte
			err := c.options.Backing.MultiScan([]KeyRange{{lower, upper}}, func(_ int, key, _ []byte) error {
				k, err := parseDiskKey(key)
				if err != nil {
					return err
				}
				out = append(out, k.namespace)
				next = prefixEnd(slices.Clone(key[:prefixBytes+namespaceBytes]))
				return errStop
			})
			if err != nil && err != errStop {
				return nil, err
			}
			lower = next
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// get is the slice ending at end, made if it doesn't exist.
func (d *sliceSet[T]) get(end int64) T {
	if t, ok := d.slices[end]; ok {
		return t
	}
	return d.add(end, false)
}

func (d *sliceSet[T]) add(end int64, restored bool) T {
	t := d.newSlice(end, restored)
	d.slices[end] = t
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Insert(d.ends, at, end)
	return t
}

// drop removes a slice, if there is one.
func (d *sliceSet[T]) drop(end int64) error {
	t, ok := d.slices[end]
	if !ok {
		return nil
	}
	delete(d.slices, end)
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Delete(d.ends, at, at+1)
	return t.destroy()
}

func (d *sliceSet[T]) flush(b Batch) error {
	for _, end := range d.ends {
		if err := d.slices[end].flush(b); err != nil {
			return err
		}
	}
	return nil
}

// evict takes from the slices that end last first: they fire last.
func (d *sliceSet[T]) evict(bytes int64) error {
	for _, end := range slices.Backward(d.ends) {
		if bytes <= 0 {
			break
		}
		t := d.slices[end]
		before := t.liveBytes()
		if err := t.evict(bytes); err != nil {
			return err
		}
		bytes -= before - t.liveBytes()
	}
	return nil
}

func (d *sliceSet[T]) liveBytes() int64 {
	total := int64(0)
	for _, t := range d.slices {
		total += t.liveBytes()
	}
	return total
}

func (d *sliceSet[T]) indexBytes() int64 {
	total := int64(0)
	for _, t := range d.slices {
		total += t.indexBytes()
	}
	return total
}

func (d *sliceSet[T]) info() TableInfo { return d.core.infos[d.name] }
