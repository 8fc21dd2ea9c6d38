package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// checkSettings checks the values of --set and warns of options that have no
// effect.
func checkSettings(settings map[string]string, out io.Writer) error {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		warning, err := engine.CheckSetting(key, settings[key])
		if err != nil {
			return errs.Wrap(errs.User, err, "--set")
		}
		if warning != "" {
			fmt.Fprintln(out, "warning: --set "+key+": "+warning)
		}
	}
	return nil
}

// warnOfLosses tells which rows a job left out.
func (r runner) warnOfLosses(job *engine.Job) {
	for _, node := range job.Metrics().Nodes {
		if node.BadRecords > 0 && node.Source != nil {
			fmt.Fprintf(r.stdio.Err, "warning: table %s: %s could not be read\n", node.Source.Table, plural(node.BadRecords, "bad record"))
		}
		if node.LateRows > 0 {
			fmt.Fprintf(r.stdio.Err, "warning: %s: %s came after the watermark and %s\n", node.Label, plural(node.LateRows, "row"), lateFate(node))
		}
	}
}

// lateFate tells where late rows went.
func lateFate(node engine.NodeMetrics) string {
	switch {
	case node.LateKept:
		return "went to the table for late rows"
	case node.LateRows == 1:
		return "was left out"
	}
	return "were left out"
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
