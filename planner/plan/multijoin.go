package plan

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/types"
)

// MultiJoin joins three inputs or more by one key: what a chain of inner and left joins
// gives, ((0 ⋈ 1) ⋈ 2) …, without keeping the rows in between.
type MultiJoin struct {
	// Parts say how each of the node's inputs takes part.
	Parts []JoinPart `msgpack:"p"`
	// Columns are the output's.
	Columns []PartColumn `msgpack:"c"`
}

// JoinPart is how an input takes part in a MultiJoin.
type JoinPart struct {
	// Keys are the columns that are equal in all inputs, of the same types in the same
	// order; NULL equals nothing.
	Keys []int `msgpack:"k"`
	// Left keeps what the inputs before give where this one has no partner.
	Left bool `msgpack:"l,omitempty"`
	// Beside are inputs before that may be missing, but must be there for this one's
	// rows to match.
	Beside []int `msgpack:"b,omitempty"`
}

// PartColumn is a column of an input.
type PartColumn struct {
	Part   int `msgpack:"p"`
	Column int `msgpack:"c"`
}

func (j *MultiJoin) describe(inputs []types.Schema) string {
	var parts []string
	for i, p := range j.Parts {
		text := "(" + columns(inputs[i], p.Keys) + ")"
		switch {
		case i > 0 && p.Left:
			text = "LEFT " + text
		case i > 0:
			text = "INNER " + text
		}
		for _, b := range p.Beside {
			text += fmt.Sprintf(" beside %d", b+1)
		}
		parts = append(parts, text)
	}
	text := "on=[" + strings.Join(parts, ", ") + "]"
	var out []string
	for _, c := range j.Columns {
		out = append(out, columns(inputs[c.Part], []int{c.Column}))
	}
	return text + ", select=[" + strings.Join(out, ", ") + "]"
}

// validate checks the parts against the inputs' widths.
func (j *MultiJoin) validate(widths []int) error {
	if len(j.Parts) != len(widths) {
		return fmt.Errorf("it has %d inputs, and %d parts", len(widths), len(j.Parts))
	}
	for i, p := range j.Parts {
		if !inRange(p.Keys, widths[i]) || !inRange(p.Beside, i) {
			return fmt.Errorf("its part %d has keys %v, beside %v", i, p.Keys, p.Beside)
		}
	}
	for _, c := range j.Columns {
		if c.Part < 0 || c.Part >= len(widths) || !inRange([]int{c.Column}, widths[c.Part]) {
			return fmt.Errorf("it gives the column %d of input %d", c.Column, c.Part)
		}
	}
	return nil
}
