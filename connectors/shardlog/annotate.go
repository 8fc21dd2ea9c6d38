package shardlog

import (
	"maps"
)

// Annotations are what other rooms keep with a stream: tags of its owner, and
// values under names of their own. They live and die with the stream.
type Annotations struct {
	Tags  map[string]string
	Extra map[string][]byte
}

// Annotations gives a copy of the stream's annotations.
func (st *Stream) Annotations() Annotations {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.meta.annotations()
}

func (m *streamMeta) annotations() Annotations {
	a := Annotations{Tags: maps.Clone(m.Tags), Extra: maps.Clone(m.Extra)}
	if a.Tags == nil {
		a.Tags = map[string]string{}
	}
	if a.Extra == nil {
		a.Extra = map[string][]byte{}
	}
	return a
}

// Annotate changes the stream's annotations by change, which gets a copy and may
// refuse with an error. The new ones are durable on return. Calls do not overlap.
func (st *Stream) Annotate(change func(*Annotations) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	a := st.meta.annotations()
	if err := change(&a); err != nil {
		return err
	}
	changed := *st.meta
	changed.Tags, changed.Extra = a.Tags, a.Extra
	if err := writeMeta(st.store.fs, st.dir, &changed); err != nil {
		return err
	}
	st.meta = &changed
	return nil
}
