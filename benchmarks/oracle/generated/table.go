package generated

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Table is random data. Column Rowtime is never NULL and out of order by less than
// the watermark's delay.
type Table struct {
	Name    string
	Columns []Type
	Rowtime int
	Rows    [][]Value
}

// Types lists the columns' types.
func (t *Table) Types() []Type { return slices.Clone(t.Columns) }

const (
	// firstMillis keeps times positive after an hour is taken from them.
	firstMillis = 3_600_000
	// delayMillis is the watermark's delay.
	delayMillis = 5000
)

// Tables makes random tables. Values come from small domains, so that keys meet.
func Tables(random *rand.Rand) []*Table {
	var tables []*Table
	for i := range 3 {
		t := &Table{Name: fmt.Sprintf("t%d", i), Columns: []Type{Time, Int, Text}}
		for range random.IntN(4) {
			t.Columns = append(t.Columns, Computable[random.IntN(len(Computable))])
		}
		rows := []int{0, 4, 15, 40, 40, 80}[random.IntN(6)]
		for n := range rows {
			t.Rows = append(t.Rows, t.row(random, n))
		}
		tables = append(tables, t)
	}
	return tables
}

func (t *Table) row(random *rand.Rand, n int) []Value {
	row := make([]Value, len(t.Columns))
	for i, c := range t.Columns {
		switch {
		case i == t.Rowtime:
			row[i] = firstMillis + int64(n)*1700 - int64(random.IntN(3))*1000
		case random.IntN(5) > 0:
			row[i] = randomValue(random, c)
		}
	}
	return row
}

var texts = []string{"a", "b", "ab", "B", "", "abc", " b ", "x_y", "a%", "zz"}

func randomValue(random *rand.Rand, t Type) Value {
	switch t {
	case Bool:
		return random.IntN(2) == 0
	case Int:
		return int64(random.IntN(13) - 4)
	case Float:
		return float64(random.IntN(17)-8)*0.25 + 0.0
	case Text:
		return texts[random.IntN(len(texts))]
	case Cents:
		return int64(random.IntN(9)-4) * 25
	}
	return int64(firstMillis + random.IntN(60)*1000)
}

func timeText(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02 15:04:05.000")
}

// DDL declares the table for Thalweg.
func (t *Table) DDL() string {
	var cols []string
	for i, c := range t.Columns {
		cols = append(cols, fmt.Sprintf("c%d %s", i, c.DDL()))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s, WATERMARK FOR c%d AS c%d - INTERVAL '%d' SECOND) WITH ('connector' = 'memory')",
		t.Name, strings.Join(cols, ", "), t.Rowtime, t.Rowtime, delayMillis/1000)
}

// lines are the rows in the text form of the connector "memory".
func (t *Table) lines() []string {
	var lines []string
	for _, row := range t.Rows {
		var line strings.Builder
		line.WriteString("+I")
		for i, v := range row {
			fmt.Fprintf(&line, " c%d=%s", i, lineText(v, t.Columns[i]))
		}
		lines = append(lines, line.String())
	}
	return lines
}

func lineText(v Value, t Type) string {
	switch {
	case v == nil:
		return "NULL"
	case t == Cents:
		return centsText(v.(int64))
	case t == Time:
		return fmt.Sprintf("%dms", v)
	case t == Text:
		return "'" + strings.ReplaceAll(v.(string), "'", "''") + "'"
	}
	return fmt.Sprint(v)
}

// String shows the table, for reports.
func (t *Table) String() string {
	return t.DDL() + ";\n  -- " + strings.Join(t.lines(), "\n  -- ")
}
