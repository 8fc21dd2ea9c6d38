package engine

import (
	"errors"
	"reflect"
	"strings"

	"github.com/thalweg/thalweg/engine/meta"
)

// errChanged tells that a statement has looked at something of the catalog that has
// changed since. The statement runs anew.
var errChanged = errors.New("the catalog has changed since the statement looked at it")

// change is a change of the catalog.
type change struct {
	// check, if there is one, looks at the catalog, with mu held.
	check func() error
	// store makes the change durable.
	store func() error
	// show makes it seen, with mu held.
	show func()
}

// declare makes one change of the catalog after the other: none is seen before it is
// durable, and nothing but another change waits for the disk.
func (e *Engine) declare(c change) error {
	e.declaring.Lock()
	defer e.declaring.Unlock()
	e.mu.Lock()
	var err error
	if e.closed {
		err = errClosed()
	} else if c.check != nil {
		err = c.check()
	}
	e.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.store(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.show()
	return nil
}

// swap is a change of one entry of the catalog: of a relation, a function, a model or a
// database.
type swap[T any] struct {
	// key is where the entry is, to where it is to be, if that is another place.
	key, to string
	// saw is the entry that the statement has seen, nil for none.
	saw *T
	// now is the entry that is to be there, nil for none.
	now *T
	// home is the database that the entry is in, goes the one that it is to be in; empty
	// for the default one.
	home, goes string
}

// check fails with errChanged if the entries are not what the statement has seen.
func (w swap[T]) check(in map[string]T) error {
	entry, there := in[w.key]
	if there != (w.saw != nil) || there && !reflect.DeepEqual(entry, *w.saw) {
		return errChanged
	}
	if _, taken := in[w.to]; taken && w.moves() {
		return errChanged
	}
	return nil
}

// moves tells that the entry gets another key.
func (w swap[T]) moves() bool { return w.to != "" && w.to != w.key }

// apply makes the change.
func (w swap[T]) apply(in map[string]T) {
	delete(in, w.key)
	switch {
	case w.now == nil:
	case w.to != "":
		in[w.to] = *w.now
	default:
		in[w.key] = *w.now
	}
}

// swapTemporary changes an entry of the session's own.
func swapTemporary[T any](s *Session, own map[string]T, w swap[T]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := w.check(own); err != nil {
		return err
	}
	w.apply(own)
	return nil
}

// swapStored changes an entry that all sessions see. What is declared in a database is
// so only as long as there is one.
func swapStored[T any](s *Session, all map[string]T, w swap[T], store func() error) error {
	e := s.engine
	return e.declare(change{
		check: func() error {
			for _, home := range []string{w.home, w.goes} {
				if _, there := e.databases[home]; home != "" && !there && w.now != nil {
					return errChanged
				}
			}
			return w.check(all)
		},
		store: store,
		show:  func() { w.apply(all) },
	})
}

// swapRelation changes a table or view.
func (s *Session) swapRelation(w swap[relation], temporary bool) error {
	if temporary {
		return swapTemporary(s, s.temporary, w)
	}
	store := s.engine.meta
	return swapStored(s, s.engine.relations, w, func() error {
		switch {
		case w.now == nil:
			return store.DeleteRelation(w.key)
		case w.moves():
			return store.RenameRelation(w.key, *w.now)
		}
		return store.PutRelation(*w.now)
	})
}

// swapFunction changes a function, which has no other place to go to.
func (s *Session) swapFunction(w swap[meta.Function], temporary bool) error {
	if temporary {
		return swapTemporary(s, s.functions, w)
	}
	store := s.engine.meta
	return swapStored(s, s.engine.functions, w, func() error {
		if w.now == nil {
			return store.DeleteFunction(w.key)
		}
		return store.PutFunction(*w.now)
	})
}

// swapModel changes a model.
func (s *Session) swapModel(w swap[meta.Model], temporary bool) error {
	if temporary {
		return swapTemporary(s, s.models, w)
	}
	store := s.engine.meta
	return swapStored(s, s.engine.models, w, func() error {
		switch {
		case w.now == nil:
			return store.DeleteModel(w.key)
		case w.moves():
			return store.RenameModel(w.key, *w.now)
		}
		return store.PutModel(*w.now)
	})
}

// swapDatabase changes a database. One that goes holds nothing.
func (e *Engine) swapDatabase(w swap[meta.Database]) error {
	return e.declare(change{
		check: func() error {
			if w.now == nil && (holds(e.relations, w.key) || holds(e.models, w.key) || holds(e.functions, w.key)) {
				return errChanged
			}
			return w.check(e.databases)
		},
		store: func() error {
			if w.now == nil {
				return e.meta.DeleteDatabase(w.key)
			}
			return e.meta.PutDatabase(*w.now)
		},
		show: func() { w.apply(e.databases) },
	})
}

// holds tells that one of the keys is in a database.
func holds[T any](all map[string]T, database string) bool {
	for key := range all {
		if strings.HasPrefix(key, relationKey(database, "")) {
			return true
		}
	}
	return false
}
