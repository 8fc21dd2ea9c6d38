package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// outerToInner drops the padding of an outer join when a condition above it is
// never TRUE for padded rows.
func outerToInner() Rule {
	return perNode("outer_to_inner", "stop padding rows that a condition above the join drops", func(_ *Context, n logical.Node) logical.Node {
		f, ok := n.(*logical.Filter)
		if !ok {
			return n
		}
		j, ok := f.Inputs()[0].(*logical.Join)
		if !ok || j.Type == logical.Mark || !j.Type.KeepsLeft() && !j.Type.KeepsRight() {
			return n
		}
		width := len(j.Left().Props().Schema)
		dropsLeftPadding, dropsRightPadding := false, false
		for _, t := range conjuncts(f.Predicate) {
			for c := range rejectsNull(t) {
				dropsLeftPadding = dropsLeftPadding || c < width
				dropsRightPadding = dropsRightPadding || c >= width
			}
		}
		spec := j.JoinSpec
		spec.Type = stricter(spec.Type, dropsLeftPadding, dropsRightPadding)
		if spec.Type == j.Type {
			return n
		}
		return logical.NewFilter(logical.NewJoin(j.Left(), j.Right(), spec), f.Predicate)
	})
}

// stricter is the join that pads less: left padding stands for rows of the right
// side without partner.
func stricter(t logical.JoinKind, dropsLeftPadding, dropsRightPadding bool) logical.JoinKind {
	keepsLeft := t.KeepsLeft() && !dropsRightPadding
	keepsRight := t.KeepsRight() && !dropsLeftPadding
	switch {
	case keepsLeft && keepsRight:
		return logical.Full
	case keepsLeft:
		return logical.Left
	case keepsRight:
		return logical.Right
	}
	return logical.Inner
}

// rejectsNull are columns for whose NULL a term is never TRUE: plain sides of
// comparisons and their kin.
func rejectsNull(t rex.Expr) map[int]bool {
	columns := map[int]bool{}
	if t.Kind != rex.Call {
		return columns
	}
	switch t.Name {
	case "=", "<>", "<", "<=", ">", ">=":
		for _, a := range t.Args {
			if strict(a) {
				for c := range a.Inputs() {
					columns[c] = true
				}
			}
		}
	case "IN", "LIKE", "IS NOT NULL", "IS TRUE":
		if strict(t.Args[0]) {
			columns = t.Args[0].Inputs()
		}
	}
	return columns
}

// strict reports expressions that are NULL when one of their columns is.
func strict(e rex.Expr) bool {
	ok := true
	e.Walk(func(x rex.Expr) bool {
		switch x.Kind {
		case rex.Input, rex.Field, rex.Literal, rex.Cast:
		case rex.Call:
			switch x.Name {
			case "+", "-", "*", "NEG":
			default:
				ok = false
			}
		default:
			ok = false
		}
		return ok
	})
	return ok
}
