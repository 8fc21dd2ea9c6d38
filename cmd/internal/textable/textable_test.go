package textable

import (
	"strings"
	"testing"
)

func TestWriteAligns(t *testing.T) {
	var b strings.Builder
	err := Write(&b, []Column{{Name: "city"}, {Name: "n", Right: true}}, [][]string{
		{"Zürich", "7"}, {"line\nbreak\x07", "1234"}, {strings.Repeat("x", 100), ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", CellWidthMax-1) + "…"
	pad := func(s string, n int) string { return s + strings.Repeat(" ", n) }
	want := pad("city", 76) + " |    n\n" +
		strings.Repeat("-", 80) + "-+-----\n" +
		pad("Zürich", 74) + " |    7\n" +
		pad(`line\nbreak`+"\uFFFD", 68) + " | 1234\n" +
		long + " |\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
