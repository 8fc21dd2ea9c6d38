package optest

import (
	"strings"

	"github.com/thalweg/thalweg/internal/types"
)

// Grouped is the table that a GROUP BY of one key gives for rows as text: results computes
// the fields of a group's rows.
func Grouped(rows []string, key string, fields []types.Field, results func(rows []map[string]string) map[string]string) []string {
	groups := map[string][]map[string]string{}
	for _, line := range rows {
		row := Cells(line)
		groups[row[key]] = append(groups[row[key]], row)
	}
	var out []string
	for value, rows := range groups {
		cells, of := []string{key + "=" + value}, results(rows)
		for _, f := range fields {
			cells = append(cells, f.Name+"="+of[f.Name])
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}
