package engine

import (
	"strings"

	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// relationAt finds a table or view among the session's or the engine's.
func (s *Session) relationAt(name string, temporary bool) *relation {
	r, ok := s.engine.relation(name)
	if temporary {
		s.mu.Lock()
		defer s.mu.Unlock()
		r, ok = s.temporary[name]
	}
	if !ok {
		return nil
	}
	return &r
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

// isTemporary tells that a name stands for a relation of the session's own.
func (s *Session) isTemporary(name string) bool { return s.relationAt(name, true) != nil }

// replace puts a changed table or view in the place of one that the statement has seen;
// at is how the statement names that one.
func (st *statement) replace(at sql.Name, saw, now relation) error {
	w := swap[relation]{key: saw.Name(), to: now.Name(), saw: &saw, now: &now, home: st.home(at), goes: st.homeOfKey(now.Name())}
	return st.session.swapRelation(w, st.session.isTemporary(saw.Name()))
}

// remove forgets a relation that the statement has seen, the temporary one first.
func (s *Session) remove(saw relation) error {
	return s.swapRelation(swap[relation]{key: saw.Name(), saw: &saw}, s.isTemporary(saw.Name()))
}

// catalogOfRelation shows a stored relation to the planner.
func catalogOfRelation(r relation) catalog.Relation {
	return catalog.Relation{Table: r.Table, View: r.View}
}

// seen is a relation that is no materialized view, as it is kept.
func seen(r catalog.Relation) relation { return relation{Table: r.Table, View: r.View} }

func lower(s string) string { return strings.ToLower(s) }
