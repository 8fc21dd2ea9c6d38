package errs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets in a SQL text. The zero Span means
// "no place": a span at the very start of a text still has End > 0.
type Span struct {
	Start int
	End   int
}

// Position converts a byte offset in text to a 1-based line and a 1-based column
// counted in runes. Offsets past the end count as the end.
func Position(text string, offset int) (line, column int) {
	offset = max(0, min(offset, len(text)))
	before := text[:offset]
	line = strings.Count(before, "\n") + 1
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return line, utf8.RuneCountInString(before[lineStart:]) + 1
}

// Render formats err for a person: the message with line and column, the line of
// text it points at with the place underlined, and the hint. name is the file's
// name, or empty. An err without a span renders as its message alone.
func Render(err error, name, text string) string {
	span := SpanOf(err)
	var b strings.Builder
	if span == (Span{}) {
		if name != "" {
			b.WriteString(name + ": ")
		}
		b.WriteString(err.Error())
		return b.String()
	}
	line, column := Position(text, span.Start)
	if name != "" {
		fmt.Fprintf(&b, "%s:", name)
	} else {
		b.WriteString("line ")
	}
	message, hint := err.Error(), ""
	for e := (*Error)(nil); errors.As(err, &e) && hint == ""; err = e.Cause {
		if end := " (" + e.Hint + ")"; e.Hint != "" && strings.HasSuffix(message, end) {
			message, hint = strings.TrimSuffix(message, end), e.Hint
		}
	}
	fmt.Fprintf(&b, "%d:%d: %s\n", line, column, message)
	writeExcerpt(&b, text, span, line, column)
	if hint != "" {
		fmt.Fprintf(&b, "\nhint: %s", hint)
	}
	return b.String()
}

// excerptMax is the longest piece of a line shown, in runes, so that a one-line
// script of a megabyte stays readable.
const excerptMax = 120

// writeExcerpt writes the line at the span's start and a row of carets below it.
func writeExcerpt(b *strings.Builder, text string, span Span, line, column int) {
	start := min(span.Start, len(text))
	lineStart := strings.LastIndexByte(text[:start], '\n') + 1
	lineEnd := len(text)
	if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
		lineEnd = start + i
	}
	end := max(min(span.End, lineEnd), start)
	runes := []rune(strings.ReplaceAll(strings.TrimRight(text[lineStart:lineEnd], "\r"), "\t", " "))
	carets := max(1, utf8.RuneCountInString(text[start:end]))
	from := 0
	if len(runes) > excerptMax {
		from = max(0, min(column-1-excerptMax/3, len(runes)-excerptMax))
		runes = runes[from : from+excerptMax]
	}
	pad := column - 1 - from
	carets = min(carets, max(1, len(runes)-pad))
	prefix := fmt.Sprintf("%5d | ", line)
	fmt.Fprintf(b, "%s%s\n", prefix, string(runes))
	fmt.Fprintf(b, "%s%s%s", strings.Repeat(" ", len(prefix)-2)+"| ", strings.Repeat(" ", max(0, pad)), strings.Repeat("^", carets))
}
