package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/examples"
	"github.com/thalweg/thalweg/internal/errs"
)

func newExamples(stdio Stdio) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "examples",
		Short: "List the built-in examples, or write them and their data to a folder",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if dir != "" {
				return errs.Wrap(errs.Resource, examples.Write(dir), "writing the examples")
			}
			return listExamples(stdio)
		},
	}
	c.Flags().StringVar(&dir, "write", "", "write all files below this folder")
	return c
}

// listExamples prints each script's name and the first line of its comment.
func listExamples(stdio Stdio) error {
	for _, name := range examples.Names() {
		raw, err := examples.Files.ReadFile(name)
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(raw), "\n")
		fmt.Fprintf(stdio.Out, "thalweg run examples/%-16s %s\n", name, strings.TrimPrefix(first, "-- "))
	}
	return nil
}
