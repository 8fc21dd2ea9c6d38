package state

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// GroupRange is a half-open range of key groups.
type GroupRange struct {
	First int `msgpack:"f"`
	End   int `msgpack:"e"`
}

// TaskGroups is the range of groups that a task owns out of groups in all.
func TaskGroups(task, tasks, groups int) GroupRange {
	first, end := rowcodec.GroupRange(task, groups, tasks)
	return GroupRange{First: first, End: end}
}

// Len is the number of groups.
func (r GroupRange) Len() int { return max(0, r.End-r.First) }

// Contains reports whether group is in r.
func (r GroupRange) Contains(group int) bool { return group >= r.First && group < r.End }

// Intersect is the common part of r and o, empty when there is none.
func (r GroupRange) Intersect(o GroupRange) GroupRange {
	out := GroupRange{First: max(r.First, o.First), End: min(r.End, o.End)}
	if out.End < out.First {
		out.End = out.First
	}
	return out
}

// String prints `[0,64)`.
func (r GroupRange) String() string { return fmt.Sprintf("[%d,%d)", r.First, r.End) }

// Keys is the range of backing keys of the groups in r.
func (r GroupRange) Keys() KeyRange {
	return KeyRange{Lower: []byte{byte(r.First >> 8), byte(r.First)}, Upper: []byte{byte(r.End >> 8), byte(r.End)}}
}
