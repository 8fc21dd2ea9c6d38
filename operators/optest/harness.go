package optest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// RunText runs the datadriven cases of a file. The input of a `run` command begins
// with `name: value` lines, out of which build makes the operator; the script
// follows.
func RunText(t *testing.T, path string, build func(header Header) (Case, error)) {
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd != "run" || len(d.CmdArgs) > 0 {
			d.Fatalf(t, "unknown command or arguments: %s", d.Cmd)
		}
		header, text := splitHeader(d.Input)
		script, err := Parse(text)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		c, err := build(header)
		if err == nil {
			err = header.unused()
		}
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		lines, err := Verify(c, script)
		if err != nil {
			lines = append(lines, "error: "+err.Error())
		}
		return strings.Join(lines, "\n") + "\n"
	})
}

// Verify runs a script in all circumstances and returns its plain output, or an
// error that names the circumstances in which the output differed. An error of the
// operator itself must come in all of them.
func Verify(c Case, script Script) ([]string, error) {
	plain, err := execute(c, script, circumstances{name: "plain", restoreAt: never})
	if err != nil {
		return plain, err
	}
	if _, err := normalise(plain, Folded, c); err != nil {
		return plain, err
	}
	for _, how := range sameBatches(c, script) {
		if err := agree(c, script, plain, how, c.Same); err != nil {
			return plain, err
		}
	}
	if err := failing(c, script); err != nil {
		return plain, err
	}
	for name, next := range map[string]func() int{
		"batches of 1": constant(1), "batches of 2": constant(2), "batches of 3": constant(3),
		"one batch": constant(1 << 30), "random batches": randomSizes(7), "other random batches": randomSizes(11),
	} {
		rebatched := script.rebatch(next)
		if err := agree(c, rebatched, plain, circumstances{name: name, restoreAt: never}, c.Rebatched); err != nil {
			return plain, err
		}
		if c.NoRestore != "" {
			continue
		}
		how := circumstances{name: name + ", sliced, restored at every gap", restoreAt: every, sliced: true}
		if err := agree(c, rebatched, plain, how, max(c.Same, c.Rebatched)); err != nil {
			return plain, err
		}
	}
	return plain, nil
}

// outputsMax bounds how many outputs that fail are tried.
const outputsMax = 8

// failing runs a script with outputs that fail at one batch or another: the operator
// must give the failure back and free its memory all the same.
func failing(c Case, script Script) error {
	for n := 1; n <= outputsMax; n++ {
		_, err := execute(c, script, circumstances{restoreAt: never, fullAt: n})
		if err == nil {
			return nil // there were no more
		}
		if !errors.Is(err, errFull) {
			return fmt.Errorf("an output that fails at batch %d: %w", n, err)
		}
	}
	return nil
}

// sameBatches lists the circumstances that leave the batches as they are.
func sameBatches(c Case, script Script) []circumstances {
	list := []circumstances{{name: "sliced arrays", sliced: true, restoreAt: never}}
	if c.NoRestore != "" {
		return list
	}
	list = append(list,
		circumstances{name: "restored at every gap", restoreAt: every},
		circumstances{name: "tiny state budget", restoreAt: never, budgetBytes: 1},
		circumstances{name: "tiny state budget, restored at every gap", restoreAt: every, budgetBytes: 1})
	for i := range script {
		list = append(list, circumstances{name: fmt.Sprintf("restored after step %d", i+1), restoreAt: i})
	}
	return list
}

func agree(c Case, script Script, plain []string, how circumstances, order Order) error {
	lines, err := execute(c, script, how)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", how.name, err, strings.Join(lines, "\n"))
	}
	want, err := normalise(plain, order, c)
	if err != nil {
		return err
	}
	got, err := normalise(lines, order, c)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", how.name, err, strings.Join(lines, "\n"))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s: output differs (%s); got\n%s\nwant\n%s", how.name, order, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return nil
}
