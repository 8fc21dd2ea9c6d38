package groupagg_test

import (
	"testing"

	"github.com/thalweg/thalweg/operators/agg"
)

// goAggs are aggregates in Go that do what built-in ones do, so that they share
// their twin: one that can take values away, one whose state is plain and that
// can't, and two whose states are encoded.
const goAggs = "COUNT(*) AS n; GO_SUM(v) AS s; GO_SUM(v) FILTER f AS sf; GO_MAX(v) AS hi; GO_FIRST(t) AS ft; GO_LAST(t) AS lt"

type sumState struct{ Total, Count int64 }

type maxState struct {
	Seen bool
	Max  int64
}

type textState struct{ Texts []string }

func withGoAggregates(t *testing.T) *agg.Registry {
	t.Helper()
	registry := agg.NewRegistry()
	pick := func(at func(s *textState) string) agg.Go1[textState, string, string] {
		return agg.Go1[textState, string, string]{
			Add:   func(s *textState, v string) { s.Texts = append(s.Texts, string([]byte(v))) },
			Merge: func(s, other *textState) { s.Texts = append(s.Texts, other.Texts...) },
			Result: func(s *textState) (string, bool) {
				if len(s.Texts) == 0 {
					return "", false
				}
				return at(s), true
			},
		}
	}
	for _, f := range []agg.Function{
		agg.GoFunc1("go_sum", agg.Go1[sumState, int64, int64]{
			Add:     func(s *sumState, v int64) { s.Total, s.Count = s.Total+v, s.Count+1 },
			Retract: func(s *sumState, v int64) { s.Total, s.Count = s.Total-v, s.Count-1 },
			Merge:   func(s, other *sumState) { s.Total, s.Count = s.Total+other.Total, s.Count+other.Count },
			Result:  func(s *sumState) (int64, bool) { return s.Total, s.Count != 0 },
		}),
		agg.GoFunc1("go_max", agg.Go1[maxState, int64, int64]{
			Add: func(s *maxState, v int64) {
				if !s.Seen || v > s.Max {
					*s = maxState{true, v}
				}
			},
			Merge: func(s, other *maxState) {
				if other.Seen && (!s.Seen || other.Max > s.Max) {
					*s = *other
				}
			},
			Result: func(s *maxState) (int64, bool) { return s.Max, s.Seen },
		}),
		agg.GoFunc1("go_first", pick(func(s *textState) string { return s.Texts[0] })),
		agg.GoFunc1("go_last", pick(func(s *textState) string { return s.Texts[len(s.Texts)-1] })),
	} {
		if err := registry.Register(f); err != nil {
			t.Fatal(err)
		}
	}
	return registry
}
