package state_test

import (
	"testing"

	"github.com/thalweg/thalweg/state/memstate"
)

func TestGuestsShareHalfTheBudgetAndCountAgainstIt(t *testing.T) {
	s, err := memstate.Open(memstate.Options{BudgetBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := s.LiveBytes()
	a := s.Scope("a").Guest()
	if a.Most() != 1<<19 {
		t.Errorf("one guest may hold %d bytes", a.Most())
	}
	b := s.Scope("b").Guest()
	a.Hold(1000)
	b.Hold(500)
	a.Hold(300)
	if a.Most() != 1<<18 || s.LiveBytes() != before+800 {
		t.Errorf("two guests may hold %d bytes each and hold %d", a.Most(), s.LiveBytes()-before)
	}
}
