package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thalweg/thalweg/internal/errs"
)

// needCommand is what a command that only groups others does: it shows its help,
// and a word that is none of its commands is the user's mistake.
func needCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	var names []string
	for _, child := range c.Commands() {
		names = append(names, child.Name())
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := errs.Nearest(args[0], names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return usageError{fmt.Errorf("there is no command %q of %s (%s)", args[0], c.CommandPath(), hint)}
}

// oneScript checks the arguments of `thalweg run`.
func oneScript(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("name the script to run, or - for standard input")
	case 1:
		return nil
	}
	return fmt.Errorf("run takes one script, not %d", len(args))
}

// flagError says in words what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &missing):
		err = unknownFlag(c, missing.GetSpecifiedName())
	case errors.As(err, &invalid):
		name, value := invalid.GetFlag().Name, invalid.GetValue()
		err = fmt.Errorf("--%s %q is not %s", name, value, flagForm(invalid.GetFlag().Value.Type()))
	}
	return usageError{fmt.Errorf("%w (see '%s --help')", err, c.CommandPath())}
}

// unknownFlag names the nearest flag that there is.
func unknownFlag(c *cobra.Command, name string) error {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := errs.Nearest(name, names); near != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, near)
	}
	dashes := "--"
	if len(name) == 1 {
		dashes = "-"
	}
	return fmt.Errorf("there is no flag %s%s", dashes, name)
}

// flagForm says what a flag's value looks like.
func flagForm(kind string) string {
	switch kind {
	case "int", "int64":
		return "a whole number"
	case "duration":
		return "a duration such as 500ms, 10s or 2m"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}

// wrapArgs makes wrong arguments the user's mistake.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{fmt.Errorf("%w (see '%s --help')", err, c.CommandPath())}
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		wrapArgs(child)
	}
}
