package engine

import (
	"errors"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
)

// errTaken tells that a relation is there already and may not be replaced.
var errTaken = errors.New("the name is taken")

// put declares a relation, in the session alone if it is temporary. One that may not
// replace another fails with errTaken if there is one.
func (s *Session) put(r relation, temporary, replace bool) error {
	if temporary {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, there := s.temporary[r.Name()]; there && !replace {
			return errTaken
		}
		s.temporary[r.Name()] = r
		return nil
	}
	e := s.engine
	return e.declare(change{
		check: func() error {
			old, there := e.relations[r.Name()]
			switch {
			case there && !replace:
				return errTaken
			case old.Materialized != nil && r.Materialized == nil:
				return errs.Userf("`%s` is a materialized view", r.Name()).WithHint("DROP MATERIALIZED VIEW it first, or choose another name")
			}
			return nil
		},
		store: func() error { return e.meta.PutRelation(r) },
		show:  func() { e.relations[r.Name()] = r },
	})
}

// replace declares a changed relation in the place of the one called old, wherever
// that one is.
func (s *Session) replace(old string, r relation) error {
	s.mu.Lock()
	if _, temporary := s.temporary[old]; temporary {
		delete(s.temporary, old)
		s.temporary[r.Name()] = r
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	e := s.engine
	return e.declare(change{
		check: func() error {
			_, there := e.relations[old]
			_, taken := e.relations[r.Name()]
			switch {
			case !there:
				return errs.Userf("there is no table or view `%s`", old)
			case taken && r.Name() != old:
				return errs.Userf("there is already a table or view `%s`", r.Name())
			}
			return nil
		},
		store: func() error { return e.meta.RenameRelation(old, r) },
		show: func() {
			delete(e.relations, old)
			e.relations[r.Name()] = r
		},
	})
}

// has reports whether a name is taken among the session's or the engine's
// relations.
func (s *Session) has(name string, temporary bool) bool {
	if temporary {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, ok := s.temporary[name]
		return ok
	}
	_, ok := s.engine.relation(name)
	return ok
}

// relation finds what a name stands for: temporary relations hide the engine's.
func (s *Session) relation(name string) (relation, bool) {
	s.mu.Lock()
	r, ok := s.temporary[name]
	s.mu.Unlock()
	if ok {
		return r, true
	}
	return s.engine.relation(name)
}

// relation finds a relation of the catalog that all sessions see.
func (e *Engine) relation(name string) (relation, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.relations[name]
	return r, ok
}

// remove forgets a relation, the temporary one first.
func (s *Session) remove(name string) error {
	s.mu.Lock()
	_, temporary := s.temporary[name]
	delete(s.temporary, name)
	s.mu.Unlock()
	if temporary {
		return nil
	}
	e := s.engine
	return e.declare(change{
		store: func() error { return e.meta.DeleteRelation(name) },
		show:  func() { delete(e.relations, name) },
	})
}

// catalogOfRelation shows a stored relation to the planner.
func catalogOfRelation(r relation) catalog.Relation {
	return catalog.Relation{Table: r.Table, View: r.View}
}

func lower(s string) string { return strings.ToLower(s) }
