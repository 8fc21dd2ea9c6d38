package enginetest

import (
	"fmt"
	"slices"
	"strings"
)

// Fold applies a changelog of rows as text and gives the table it describes, sorted.
// It is the dumb twin of engine.Folder, and a validator: a row that takes away what
// is not there is an error.
func Fold(changelog []string) ([]string, error) {
	count := map[string]int{}
	for i, line := range changelog {
		kind, row, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("line %d: %q has no row kind", i, line)
		}
		switch kind {
		case "+I", "+U":
			count[row]++
		case "-U", "-D":
			if count[row] == 0 {
				return nil, fmt.Errorf("line %d: %q takes away a row that is not there", i, line)
			}
			count[row]--
		default:
			return nil, fmt.Errorf("line %d: %q has an unknown row kind", i, line)
		}
	}
	var table []string
	for row, n := range count {
		for range n {
			table = append(table, row)
		}
	}
	slices.Sort(table)
	return table, nil
}
