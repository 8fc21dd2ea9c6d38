package cli

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/examples"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// script is a script ready to run.
type script struct {
	// name is for messages; text has its variables substituted.
	name string
	text string
	// warnings are for the user to see before it runs.
	warnings []string
	// cleanup removes what loading it made.
	cleanup func()
}

// render prepares err for a person with the script's text at hand.
func (s script) render(err error) error {
	if err == nil {
		return nil
	}
	return renderedError{error: err, text: errs.Render(err, s.name, s.text)}
}

// loadScript reads a script and substitutes its variables. The name "-" is the
// standard input. An example's name also works where there is no such file: the
// copy in the binary is used, with its data in a temporary folder.
func loadScript(name string, vars map[string]string, stdio Stdio) (script, error) {
	s := script{name: name, cleanup: func() {}}
	raw, err := readScript(name, stdio.In)
	if example := exampleName(name); os.IsNotExist(err) && example != "" {
		raw, err = s.useExample(example, vars, stdio)
	}
	if err != nil {
		return s, err
	}
	if name == "-" {
		s.name = "stdin"
	}
	s.warnings = unusedVariables(string(raw), s.name, vars)
	s.text, err = sql.Substitute(string(raw), vars)
	if err != nil {
		s.cleanup()
		text := errs.Render(err, s.name, string(raw))
		return s, renderedError{error: err, text: text}
	}
	return s, nil
}

// unusedVariables warns of each -D that the script does not ask for.
func unusedVariables(text, name string, vars map[string]string) []string {
	var warnings []string
	for _, variable := range slices.Sorted(maps.Keys(vars)) {
		if variable != examples.Variable && !strings.Contains(text, "${"+variable) {
			warnings = append(warnings, fmt.Sprintf("%s does not use the variable %s given with -D", name, variable))
		}
	}
	return warnings
}

func readScript(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	raw, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return nil, errs.Wrap(errs.User, err, "reading the script")
	}
	if err != nil && exampleName(name) == "" {
		absolute, absErr := filepath.Abs(name)
		if absErr != nil {
			absolute = name
		}
		e := errs.Userf("there is no script %s", absolute)
		if strings.HasPrefix(filepath.ToSlash(name), "examples/") {
			return nil, e.WithHint("'thalweg examples' lists those in the binary")
		}
		return nil, e
	}
	return raw, err
}

// exampleName gives the example that a path names, or "".
func exampleName(path string) string {
	base, ok := strings.CutPrefix(filepath.ToSlash(path), "examples/")
	if !ok {
		return ""
	}
	if _, err := fs.Stat(examples.Files, base); err != nil || !strings.HasSuffix(base, ".sql") {
		return ""
	}
	return base
}

// useExample reads the built-in copy of an example and lays its data out.
func (s *script) useExample(name string, vars map[string]string, stdio Stdio) ([]byte, error) {
	raw, err := examples.Files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if _, set := vars[examples.Variable]; set {
		return raw, nil
	}
	dir, err := os.MkdirTemp("", "thalweg-examples-")
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "making a folder for the example's data")
	}
	s.cleanup = func() { os.RemoveAll(dir) }
	if err := examples.Write(dir); err != nil {
		s.cleanup()
		return nil, errs.Wrap(errs.Resource, err, "laying out the example's data")
	}
	vars[examples.Variable] = dir
	fmt.Fprintf(stdio.Err, "examples/%s is not here: running the copy in the binary\n", name)
	return raw, nil
}

// parsePairs turns NAME=VALUE flags into a map.
func parsePairs(flag string, pairs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, usageError{fmt.Errorf("%s %q is not of the form NAME=VALUE", flag, pair)}
		}
		out[name] = value
	}
	return out, nil
}
