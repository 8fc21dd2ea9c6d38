// Command text is a WebAssembly module with functions for SQL: a scalar, an aggregate
// and a table function. Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o text.wasm ./examples/wasm/text
//
// and declare a function of it with
//
//	CREATE FUNCTION initials AS 'text.wasm' LANGUAGE WASM;
package main

import (
	"math"
	"strings"

	"github.com/thalweg/thalweg/engine/functions/wasm/guest"
)

// mean is the state of geomean.
type mean struct {
	Logs  float64
	Count int64
}

var _ = guest.Export(
	guest.Scalar2("initials", func(first, last string) string { return first[:1] + ". " + last }),
	guest.Table1("words", "word", func(text string, emit func(string)) {
		for _, word := range strings.Fields(text) {
			emit(word)
		}
	}),
	guest.Aggregate1("geomean", guest.Aggregate[mean, float64, float64]{
		Add:     func(s *mean, v float64) { s.Logs, s.Count = s.Logs+math.Log(v), s.Count+1 },
		Retract: func(s *mean, v float64) { s.Logs, s.Count = s.Logs-math.Log(v), s.Count-1 },
		Merge:   func(s, other *mean) { s.Logs, s.Count = s.Logs+other.Logs, s.Count+other.Count },
		Result: func(s *mean) (float64, bool) {
			return math.Round(1e6*math.Exp(s.Logs/float64(s.Count))) / 1e6, s.Count > 0
		},
	}),
)

func main() {}
