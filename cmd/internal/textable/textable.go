// Package textable prints rows as an aligned text table.
package textable

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// CellWidthMax is the most runes of a cell that are shown.
const CellWidthMax = 80

// Column describes one column.
type Column struct {
	Name string
	// Right aligns values to the right, for numbers.
	Right bool
}

// Write prints a header, a rule and the rows. Line breaks and other control
// characters in cells are escaped; cells wider than CellWidthMax are cut with "…".
func Write(w io.Writer, columns []Column, rows [][]string) error {
	widths := make([]int, len(columns))
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = clean(c.Name)
		widths[i] = utf8.RuneCountInString(header[i])
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = clean(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	out := bufio.NewWriter(w)
	writeRow(out, columns, widths, header)
	for i, width := range widths {
		if i > 0 {
			out.WriteString("-+-")
		}
		out.WriteString(strings.Repeat("-", width))
	}
	out.WriteByte('\n')
	for _, row := range rows {
		writeRow(out, columns, widths, row)
	}
	return out.Flush()
}

func writeRow(out *bufio.Writer, columns []Column, widths []int, cells []string) {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteString(" | ")
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if columns[i].Right {
			line.WriteString(pad + cell)
		} else {
			line.WriteString(cell + pad)
		}
	}
	out.WriteString(strings.TrimRight(line.String(), " "))
	out.WriteByte('\n')
}

// clean escapes control characters and cuts long text.
func clean(s string) string {
	if utf8.RuneCountInString(s) > CellWidthMax {
		runes := []rune(s)
		s = string(runes[:CellWidthMax-1]) + "…"
	}
	if !strings.ContainsFunc(s, isControl) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case isControl(r):
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
