// Package textable prints rows as an aligned text table.
package textable

import (
	"bufio"
	"io"
	"slices"
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

// Table prints rows under one header, some at a time.
type Table struct {
	out     *bufio.Writer
	columns []Column
	widths  []int
	started bool
}

// New makes a table that prints to w. Nothing is printed before the first Append.
func New(w io.Writer, columns []Column) *Table {
	t := &Table{out: bufio.NewWriter(w), columns: slices.Clone(columns), widths: make([]int, len(columns))}
	for i, c := range columns {
		t.columns[i].Name = clean(c.Name)
		t.widths[i] = utf8.RuneCountInString(t.columns[i].Name)
	}
	return t
}

// Append prints rows, the first time below a header and a rule. Columns are as
// wide as the widest cell so far. Line breaks and other control characters in
// cells are escaped, in place; cells wider than CellWidthMax are cut with "…".
func (t *Table) Append(rows [][]string) error {
	for _, row := range rows {
		for i, cell := range row {
			row[i] = clean(cell)
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	if !t.started {
		t.started = true
		t.header()
	}
	for _, row := range rows {
		writeRow(t.out, t.columns, t.widths, row)
	}
	return t.out.Flush()
}

// header prints the names and the rule.
func (t *Table) header() {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	writeRow(t.out, t.columns, t.widths, names)
	for i, width := range t.widths {
		if i > 0 {
			t.out.WriteString("-+-")
		}
		t.out.WriteString(strings.Repeat("-", width))
	}
	t.out.WriteByte('\n')
}

// Write prints a whole table.
func Write(w io.Writer, columns []Column, rows [][]string) error { return New(w, columns).Append(rows) }

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
