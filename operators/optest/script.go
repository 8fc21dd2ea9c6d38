package optest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// StepKind is the kind of a script's element.
type StepKind uint8

// The kinds.
const (
	Rows StepKind = iota
	Watermark
	Barrier
	Tick
)

// String gives the kind's lower-case name.
func (k StepKind) String() string {
	names := [...]string{"rows", "wm", "barrier", "tick"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("step(%d)", uint8(k))
}

// Step is one element of a script: a batch of rows as text, or a number.
type Step struct {
	Kind  StepKind
	Input int
	Lines []string
	// Value is the watermark or time in milliseconds, or the barrier's epoch.
	Value int64
}

// inputLetters name inputs: the left, the right, and more.
const inputLetters = "LRSTUV"

// Script is what an operator is driven with.
type Script []Step

// Parse reads a script's text.
func Parse(text string) (Script, error) {
	var script Script
	open := false
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "":
		case "batch":
			open = false
		case "wm", "barrier", "tick":
			step, err := parseControl(verb, rest)
			if err != nil {
				return nil, errs.Wrap(errs.User, err, "line %q", line)
			}
			script, open = append(script, step), false
		default:
			input := 0
			if at := strings.Index(inputLetters, verb); len(verb) == 1 && at >= 0 {
				input, line = at, rest
			}
			if !open || script[len(script)-1].Input != input {
				script = append(script, Step{Kind: Rows, Input: input})
			}
			last := &script[len(script)-1]
			last.Lines, open = append(last.Lines, line), true
		}
	}
	return script, nil
}

func parseControl(verb, text string) (Step, error) {
	switch verb {
	case "wm":
		if text == "+inf" {
			return Step{Kind: Watermark, Value: int64(stream.EndOfTime)}, nil
		}
		d, err := time.ParseDuration(text)
		return Step{Kind: Watermark, Value: d.Milliseconds()}, err
	case "tick":
		d, err := time.ParseDuration(text)
		return Step{Kind: Tick, Value: d.Milliseconds()}, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return Step{Kind: Barrier, Value: n}, err
}

// rebatch joins neighbouring batches of one input and cuts them anew into sizes
// that next gives.
func (s Script) rebatch(next func() int) Script {
	var joined Script
	for _, step := range s {
		last := len(joined) - 1
		if step.Kind == Rows && last >= 0 && joined[last].Kind == Rows && joined[last].Input == step.Input {
			joined[last].Lines = append(joined[last].Lines[:len(joined[last].Lines):len(joined[last].Lines)], step.Lines...)
			continue
		}
		joined = append(joined, step)
	}
	var out Script
	for _, step := range joined {
		if step.Kind != Rows {
			out = append(out, step)
			continue
		}
		for lines := step.Lines; len(lines) > 0; {
			n := min(max(1, next()), len(lines))
			out = append(out, Step{Kind: Rows, Input: step.Input, Lines: lines[:n]})
			lines = lines[n:]
		}
	}
	return out
}

func constant(n int) func() int { return func() int { return n } }

func randomSizes(seed uint64) func() int {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() int { return 1 + r.IntN(7) }
}

// formatMillis prints a watermark.
func formatMillis(wm stream.Watermark) string {
	if wm == stream.EndOfTime {
		return "+inf"
	}
	return (time.Duration(wm) * time.Millisecond).String()
}
