package shardlog

import (
	"maps"
)

// decoded is a value that a room made of its annotation.
type decoded struct {
	// of is the description it was made of: another one makes it stale.
	of    *streamMeta
	value any
}

// Decoded gives what decode makes of the annotations, remembered under a name until
// they change. The value is shared: nobody may change it, or what decode gets.
func (st *Stream) Decoded(name string, decode func(Annotations) (any, error)) (any, error) {
	st.decoding.Lock()
	defer st.decoding.Unlock()
	meta := st.table.Load().meta
	if d, ok := st.decoded[name]; ok && d.of == meta {
		return d.value, nil
	}
	value, err := decode(Annotations{Tags: meta.Tags, Extra: meta.Extra, Spread: meta.Spread})
	if err != nil {
		return nil, err
	}
	if st.decoded == nil {
		st.decoded = map[string]decoded{}
	}
	st.decoded[name] = decoded{meta, value}
	return value, nil
}

// Annotations are what other rooms keep with a stream: tags of its owner, and
// values under names of their own. They live and die with the stream.
type Annotations struct {
	Tags  map[string]string
	Extra map[string][]byte
	// Spread tells that records are, or once were, put into any shard, whatever their
	// keys: what is within an aggregated one is then of the shard that it lies in.
	Spread bool
}

// Annotations gives a copy of the stream's annotations.
func (st *Stream) Annotations() Annotations { return st.table.Load().meta.annotations() }

func (m *streamMeta) annotations() Annotations {
	a := Annotations{Tags: maps.Clone(m.Tags), Extra: maps.Clone(m.Extra), Spread: m.Spread}
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
	return st.change(func(m *streamMeta) error {
		a := m.annotations()
		if err := change(&a); err != nil {
			return err
		}
		m.Tags, m.Extra, m.Spread = a.Tags, a.Extra, a.Spread
		return nil
	})
}
