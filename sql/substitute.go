package sql

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// Substitute replaces ${NAME} and ${NAME:-default} in a script by the values in
// vars, before parsing: values are pasted as they are, also inside strings and
// hints, and not looked at again. Comments stay as they are. A variable without
// value and default is a user error at its place.
func Substitute(text string, vars map[string]string) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var b strings.Builder
	for pos := 0; pos < len(text); {
		rest := text[pos:]
		switch {
		case strings.HasPrefix(rest, "${"):
			end, value, err := variable(text, pos, vars)
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			pos = end
		case rest[0] == '\'' || rest[0] == '`':
			end, err := substituteQuoted(&b, text, pos, vars)
			if err != nil {
				return "", err
			}
			pos = end
		default:
			n := max(1, commentLength(rest))
			b.WriteString(rest[:n])
			pos += n
		}
	}
	return b.String(), nil
}

// commentLength is the length of the comment that text starts with, or 0.
func commentLength(text string) int {
	switch {
	case strings.HasPrefix(text, "--"), strings.HasPrefix(text, "//"):
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			return i + 1
		}
		return len(text)
	case strings.HasPrefix(text, "/*") && !strings.HasPrefix(text, "/*+"):
		if i := strings.Index(text[2:], "*/"); i >= 0 {
			return i + 4
		}
		return len(text)
	}
	return 0
}

// substituteQuoted copies the string or quoted identifier at pos, where comments do not
// start, and returns the offset behind it.
func substituteQuoted(b *strings.Builder, text string, pos int, vars map[string]string) (int, error) {
	quote := text[pos]
	b.WriteByte(quote)
	for pos++; pos < len(text); {
		if strings.HasPrefix(text[pos:], "${") {
			end, value, err := variable(text, pos, vars)
			if err != nil {
				return 0, err
			}
			b.WriteString(value)
			pos = end
			continue
		}
		b.WriteByte(text[pos])
		pos++
		if text[pos-1] == quote {
			break
		}
	}
	return pos, nil
}

// variable reads ${NAME} or ${NAME:-default} at pos and returns the offset behind
// it and its value.
func variable(text string, pos int, vars map[string]string) (int, string, error) {
	length := strings.IndexByte(text[pos:], '}')
	if length < 0 {
		return 0, "", errs.Userf("${ is not closed by }").At(errs.Span{Start: pos, End: pos + 2})
	}
	end := pos + length + 1
	span := errs.Span{Start: pos, End: end}
	name, fallback, hasFallback := strings.Cut(text[pos+2:end-1], ":-")
	if !isPlain(name) {
		return 0, "", errs.Userf("%q is not the name of a variable", name).At(span).
			WithHint("write ${NAME} or ${NAME:-default}, with letters, digits and underscores")
	}
	if value, ok := vars[name]; ok {
		return end, value, nil
	}
	if hasFallback {
		return end, fallback, nil
	}
	err := errs.Userf("the variable %s has no value", name).At(span)
	names := make([]string, 0, len(vars))
	for known := range vars {
		names = append(names, known)
	}
	slices.Sort(names)
	if near := errs.Nearest(name, names); near != "" {
		return 0, "", err.WithHint("did you mean ${%s}?", near)
	}
	return 0, "", err.WithHint("give it with -D %s=VALUE, or a default in the script: ${%s:-VALUE}", name, name)
}
