package rex

import "hash/maphash"

var seed = maphash.MakeSeed()

// Hash is the same for equal expressions; it differs from process to process.
func (e Expr) Hash() uint64 {
	h := maphash.Comparable(seed, shape{e.Kind, e.Index, e.Name, e.Value, len(e.Args)})
	for _, a := range e.Args {
		h = h*0x9E3779B97F4A7C15 + a.Hash()
	}
	return h
}

// shape is what a node of an expression says without its type and arguments.
type shape struct {
	kind  Kind
	index int
	name  string
	value Value
	args  int
}

// Set is a set of expressions; the zero Set is empty.
type Set struct{ byHash map[uint64][]Expr }

// SetOf is the set of some expressions.
func SetOf(exprs []Expr) *Set {
	s := &Set{}
	for _, e := range exprs {
		s.Add(e)
	}
	return s
}

// Add puts e into the set, and reports whether it was not there.
func (s *Set) Add(e Expr) bool {
	h := e.Hash()
	for _, x := range s.byHash[h] {
		if x.Equal(e) {
			return false
		}
	}
	if s.byHash == nil {
		s.byHash = map[uint64][]Expr{}
	}
	s.byHash[h] = append(s.byHash[h], e)
	return true
}

// Has reports whether e is in the set.
func (s *Set) Has(e Expr) bool {
	for _, x := range s.byHash[e.Hash()] {
		if x.Equal(e) {
			return true
		}
	}
	return false
}
