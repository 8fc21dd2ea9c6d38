package expr

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// anchor is what lets a search start next to a string that every match contains:
// before that string a match has between least and most bytes. A small
// backtracking machine then tries those few starts, with the same preferences as
// package regexp; when it takes too many steps the text goes to package regexp.
type anchor struct {
	literal     string
	least, most int
	prog        *syntax.Prog
	// ascii holds for each instruction the ASCII characters that it matches.
	ascii [][2]uint64
	stack []thread
	caps  []int
}

// thread is a state of the machine to come back to. A negative pc restores the
// capture slot ^pc to the position.
type thread struct {
	pc, at int
}

// stepsMax bounds the machine's work on one start.
const stepsMax = 4000

// newAnchor finds the longest literal among the parts of a concatenation before
// which the length of a match is bounded; nil when there is none.
func newAnchor(re *syntax.Regexp) *anchor {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	best := &anchor{}
	least, most := 0, 0
	for _, part := range parts {
		if part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0 && len(string(part.Rune)) > len(best.literal) {
			best.literal, best.least, best.most = string(part.Rune), least, most
		}
		low, high, bounded := matchLength(part)
		if !bounded || most+high > 64 {
			break
		}
		least, most = least+low, most+high
	}
	prog, err := syntax.Compile(re.Simplify())
	if best.literal == "" || err != nil {
		return nil
	}
	best.prog = prog
	best.caps = make([]int, prog.NumCap)
	best.ascii = asciiSets(prog)
	return best
}

func asciiSets(prog *syntax.Prog) [][2]uint64 {
	sets := make([][2]uint64, len(prog.Inst))
	for pc := range prog.Inst {
		switch inst := &prog.Inst[pc]; inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for r := range rune(utf8.RuneSelf) {
				if inst.MatchRune(r) {
					sets[pc][r>>6] |= 1 << (r & 63)
				}
			}
		}
	}
	return sets
}

// matchLength bounds the bytes that re matches.
func matchLength(re *syntax.Regexp) (least, most int, bounded bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0, 0, true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return len(string(re.Rune)), len(string(re.Rune)), true
		}
		return len(re.Rune), utf8.UTFMax * len(re.Rune), true
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, utf8.UTFMax, true
	case syntax.OpCapture:
		return matchLength(re.Sub[0])
	case syntax.OpQuest:
		_, most, bounded = matchLength(re.Sub[0])
		return 0, most, bounded
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			low, high, ok := matchLength(sub)
			if !ok {
				return 0, 0, false
			}
			least, most = least+low, most+high
		}
		return least, most, true
	case syntax.OpAlternate:
		least = 1 << 20
		for _, sub := range re.Sub {
			low, high, ok := matchLength(sub)
			if !ok {
				return 0, 0, false
			}
			least, most = min(least, low), max(most, high)
		}
		return least, most, true
	}
	return 0, 0, false
}

// find searches the leftmost match; decided is false when the machine gave up.
// caps are valid until the next call.
func (a *anchor) find(text string) (caps []int, matched, decided bool) {
	next := 0
	for from := 0; ; {
		at := strings.Index(text[from:], a.literal)
		if at < 0 {
			return nil, false, true
		}
		at += from
		for start := max(next, at-a.most); start <= at-a.least; start++ {
			if matched, decided = a.matchAt(text, start); matched || !decided {
				return a.caps, matched, decided
			}
			next = start + 1
		}
		from = at + 1
	}
}

// matchAt runs the machine from one start.
func (a *anchor) matchAt(text string, start int) (matched, decided bool) {
	for i := range a.caps {
		a.caps[i] = -1
	}
	if start > 0 && start < len(text) && !utf8.RuneStart(text[start]) {
		return false, true
	}
	a.stack = append(a.stack[:0], thread{a.prog.Start, start})
	steps := 0
	for len(a.stack) > 0 {
		t := a.stack[len(a.stack)-1]
		a.stack = a.stack[:len(a.stack)-1]
		if t.pc < 0 {
			a.caps[^t.pc] = t.at
			continue
		}
		end, used := a.run(text, t, stepsMax-steps)
		steps += used
		switch {
		case steps >= stepsMax:
			return false, false
		case end >= 0:
			a.caps[0], a.caps[1] = start, end
			return true, true
		}
	}
	return false, true
}

// run follows one thread until it matches (end ≥ 0) or fails.
func (a *anchor) run(text string, t thread, budget int) (end, steps int) {
	for steps < budget {
		steps++
		inst := &a.prog.Inst[t.pc]
		switch inst.Op {
		case syntax.InstMatch:
			return t.at, steps
		case syntax.InstAlt, syntax.InstAltMatch:
			a.stack = append(a.stack, thread{int(inst.Arg), t.at})
		case syntax.InstCapture:
			a.stack = append(a.stack, thread{^int(inst.Arg), a.caps[inst.Arg]})
			a.caps[inst.Arg] = t.at
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^emptyFlags(text, t.at) != 0 {
				return -1, steps
			}
		case syntax.InstNop:
		case syntax.InstFail:
			return -1, steps
		default:
			if t.at >= len(text) {
				return -1, steps
			}
			size, ok := a.matchRune(inst, t.pc, text[t.at:])
			if !ok {
				return -1, steps
			}
			t.at += size
		}
		t.pc = int(inst.Out)
	}
	return -1, steps
}

// matchRune matches the first character of text.
func (a *anchor) matchRune(inst *syntax.Inst, pc int, text string) (size int, ok bool) {
	if b := text[0]; b < utf8.RuneSelf {
		return 1, a.ascii[pc][b>>6]>>(b&63)&1 != 0
	}
	r, size := utf8.DecodeRuneInString(text)
	return size, inst.MatchRune(r)
}

// emptyFlags tells which empty-width conditions hold at a position.
func emptyFlags(text string, at int) syntax.EmptyOp {
	before, after := rune(-1), rune(-1)
	if at > 0 {
		before, _ = utf8.DecodeLastRuneInString(text[:at])
	}
	if at < len(text) {
		after, _ = utf8.DecodeRuneInString(text[at:])
	}
	return syntax.EmptyOpContext(before, after)
}
