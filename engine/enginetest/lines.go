package enginetest

import (
	"slices"
	"strings"
)

// Lines sorts rows as text and joins them, one a line.
func Lines(rows []string) string {
	if len(rows) == 0 {
		return ""
	}
	rows = slices.Clone(rows)
	slices.Sort(rows)
	return strings.Join(rows, "\n") + "\n"
}
