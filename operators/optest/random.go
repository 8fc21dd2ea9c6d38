package optest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Random describes a random script: a valid changelog on each input.
type Random struct {
	// Steps is the number of rows.
	Steps int
	// Inputs is the number of inputs, at least 1.
	Inputs int
	// DeleteShare is how many of the rows, between 0 and 1, take a former one away.
	DeleteShare float64
	// Row makes the columns of a new row in text form.
	Row func(r *rand.Rand, input int) string
}

// Script makes a random script with random batches, and tells the rows that are
// left in the end on each input, in the order they came; of equal rows the earliest
// is taken away first.
func (d Random) Script(seed uint64) (script Script, left [][]string) {
	r := rand.New(rand.NewPCG(seed, 99))
	left = make([][]string, max(1, d.Inputs))
	barrier := int64(0)
	for i := 0; i < d.Steps; {
		step := Step{Kind: Rows, Input: r.IntN(len(left))}
		for range 1 + r.IntN(8) {
			step.Lines = append(step.Lines, d.change(r, step.Input, &left[step.Input]))
			i++
		}
		script = append(script, step)
		if r.IntN(10) == 0 {
			barrier++
			script = append(script, Step{Kind: Barrier, Value: barrier})
		}
	}
	return script, left
}

func (d Random) change(r *rand.Rand, input int, left *[]string) string {
	if len(*left) > 0 && r.Float64() < d.DeleteShare {
		row := (*left)[r.IntN(len(*left))]
		first := slices.Index(*left, row)
		*left = slices.Delete(*left, first, first+1)
		return "-D " + row
	}
	row := d.Row(r, input)
	*left = append(*left, row)
	return "+I " + row
}

// Check verifies a script in all circumstances and compares the final table with
// what an oracle says, in any order.
func Check(c Case, script Script, want []string) error {
	lines, err := Verify(c, script)
	if err != nil {
		return err
	}
	table := NewTable(c.UpsertKey)
	if err := table.ApplyLines(lines); err != nil {
		return err
	}
	want = slices.Sorted(slices.Values(want))
	if got := table.Lines(); !slices.Equal(got, want) {
		return fmt.Errorf("final table\n%q\nwant\n%q", got, want)
	}
	return nil
}

// Lines gives the script as text, for messages of failing tests.
func (s Script) Lines() []string {
	var out []string
	for _, step := range s {
		switch step.Kind {
		case Rows:
			for _, line := range step.Lines {
				out = append(out, fmt.Sprintf("%c %s", inputLetters[step.Input], line))
			}
			out = append(out, "batch")
		default:
			out = append(out, fmt.Sprintf("%s %d", step.Kind, step.Value))
		}
	}
	return out
}

// Cells splits a row's text into its values by name; values hold no spaces.
func Cells(row string) map[string]string {
	out := map[string]string{}
	for cell := range strings.FieldsSeq(row) {
		name, value, _ := strings.Cut(cell, "=")
		out[name] = value
	}
	return out
}
