// Package lint holds the house rules that a machine can check: who may import
// whom, how long functions and files may be, what must be documented and what must
// not be written at all. Each rule is a function from parsed source to findings,
// so that its test can feed it a violation as well as the real tree.
package lint

import (
	"bufio"
	"fmt"
	"path"
	"strings"
)

// Module is the import path of this module.
const Module = "github.com/thalweg/thalweg"

// Law is the import law: which package may import which.
type Law struct {
	rooms   []rule
	outside []rule
}

// rule lets what matches pattern import (or be imported by) what matches allowed.
type rule struct {
	pattern string
	allowed []string
}

// ParseLaw reads the law's text form, as described at its top.
func ParseLaw(text string) (Law, error) {
	var law Law
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, allowed, found := strings.Cut(line, ":")
		if !found {
			return Law{}, fmt.Errorf("line %d has no colon: %q", number, line)
		}
		r := rule{pattern: strings.TrimPrefix(pattern, "!"), allowed: strings.Fields(allowed)}
		if strings.HasPrefix(pattern, "!") {
			law.outside = append(law.outside, r)
		} else {
			law.rooms = append(law.rooms, r)
		}
	}
	return law, lines.Err()
}

// Check says why package from (a path below the module's root) must not import
// imported (a full import path), or gives "".
func (l Law) Check(from, imported string) string {
	target, ours := strings.CutPrefix(imported, Module+"/")
	if !ours {
		return l.checkOutside(from, imported)
	}
	if from == target || matches("internal/...", target) || ownInternal(from, target) {
		return ""
	}
	for _, r := range l.rooms {
		if !matches(r.pattern, from) {
			continue
		}
		for _, allowed := range r.allowed {
			if matches(allowed, target) {
				return ""
			}
		}
		return fmt.Sprintf("%s must not import %s (the law for %s allows: %s)", from, target, r.pattern, strings.Join(r.allowed, " "))
	}
	return fmt.Sprintf("%s stands in no room of the import law", from)
}

func (l Law) checkOutside(from, imported string) string {
	for _, r := range l.outside {
		if imported != r.pattern && !strings.HasPrefix(imported, r.pattern+"/") {
			continue
		}
		for _, allowed := range r.allowed {
			if matches(allowed, from) {
				return ""
			}
		}
		return fmt.Sprintf("%s must not import %s (only %s may)", from, imported, strings.Join(r.allowed, " "))
	}
	return ""
}

// ownInternal reports an internal package of one of from's own folders.
func ownInternal(from, target string) bool {
	owner, _, found := strings.Cut(target, "/internal/")
	return found && (from == owner || strings.HasPrefix(from, owner+"/"))
}

// matches reports whether package p is named by pattern.
func matches(pattern, p string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == base || strings.HasPrefix(p, base+"/")
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(p) == base
	}
	return p == pattern
}
