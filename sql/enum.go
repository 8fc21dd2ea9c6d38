package sql

import "fmt"

// enumString gives the i-th name of an enum, or a visible mark for a value out of
// range.
func enumString(i int, kind string, names ...string) string {
	if i >= 0 && i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}
