package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// TableKind tells what a stored table is.
type TableKind uint8

// The kinds.
const (
	KindTable TableKind = iota
	KindSliced
	KindMulti
	KindTimers
	KindSlicedMulti
)

// String gives the kind's lower-case name.
func (k TableKind) String() string {
	names := [...]string{"table", "sliced", "multi", "timers", "sliced multi"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("table kind(%d)", uint8(k))
}

// TableInfo describes a table's stored form, which a restore must agree with.
type TableInfo struct {
	// Name is the full name, scopes included.
	Name string    `msgpack:"n"`
	Kind TableKind `msgpack:"k"`
	// Width and Refs are the layout's.
	Width int   `msgpack:"w,omitempty"`
	Refs  []int `msgpack:"r,omitempty"`
	// Ordered and Appended are those of MultiSpec.
	Ordered  bool `msgpack:"o,omitempty"`
	Appended bool `msgpack:"a,omitempty"`
}

// String prints `multi join/left width=8 ordered`.
func (i TableInfo) String() string {
	s := fmt.Sprintf("%s %s width=%d", i.Kind, i.Name, i.Width)
	if len(i.Refs) > 0 {
		s += fmt.Sprintf(" refs=%v", i.Refs)
	}
	if i.Ordered {
		s += " ordered"
	}
	if i.Appended {
		s += " appended"
	}
	return s
}

func (i TableInfo) equal(o TableInfo) bool {
	return i.Name == o.Name && i.Kind == o.Kind && i.Width == o.Width && i.Ordered == o.Ordered && i.Appended == o.Appended &&
		slices.Equal(i.Refs, o.Refs)
}

// open checks a table's description against opened and restored ones and
// registers it. It returns the table's id.
func (c *core) open(info TableInfo) (tableID, error) {
	if c.closed {
		return 0, errs.Bugf("table %s opened in a closed state store", info.Name)
	}
	id := newTableID(info.Name, info.Kind == KindSliced || info.Kind == KindSlicedMulti)
	if other, taken := c.ids[id]; taken {
		return 0, errs.Bugf("state tables %s and %s have the same id", other, info.Name)
	}
	if was, ok := c.infos[info.Name]; ok && !was.equal(info) {
		return 0, errs.Userf("restored state holds `%s`, but the query needs `%s`", was, info).
			WithHint("a changed query can't take over state of another shape: start it without the old state")
	}
	c.ids[id] = info.Name
	c.infos[info.Name] = info
	return id, nil
}

// allInfos lists the tables opened or restored, by name.
func (c *core) allInfos() []TableInfo {
	out := make([]TableInfo, 0, len(c.infos))
	for _, info := range c.infos {
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b TableInfo) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// indexBytes is the memory of all indexes, which the chunk pool does not count.
func (c *core) indexBytes() int64 {
	total := int64(0)
	for _, t := range c.tables {
		total += t.indexBytes()
	}
	return total
}
