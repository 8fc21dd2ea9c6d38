package nexmark

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// kindSet tells for each kind of event whether a condition is TRUE.
type kindSet [kindCount]bool

// kindsPassing reports for which kinds a filter over l's columns is TRUE; ok is
// false when that depends on more than the kind. Understood are comparisons of
// event_type with constants, IS [NOT] NULL of the three ROWs, AND, OR, NOT and IN.
func kindsPassing(e rex.Expr, l *layout) (keep kindSet, ok bool) {
	if e.Kind != rex.Call {
		return keep, false
	}
	switch e.Name {
	case "AND", "OR":
		return combine(e, l)
	case "NOT":
		// Nothing here is ever UNKNOWN, so the complement is exact.
		keep, ok = kindsPassing(e.Args[0], l)
		for k := range keep {
			keep[k] = !keep[k]
		}
		return keep, ok
	case "IS NULL", "IS NOT NULL":
		return presence(e, l)
	case "IN":
		return among(e, l)
	}
	return comparison(e, l)
}

func combine(e rex.Expr, l *layout) (keep kindSet, ok bool) {
	for i, a := range e.Args {
		part, ok := kindsPassing(a, l)
		if !ok {
			return keep, false
		}
		for k := range keep {
			switch {
			case i == 0:
				keep[k] = part[k]
			case e.Name == "AND":
				keep[k] = keep[k] && part[k]
			default:
				keep[k] = keep[k] || part[k]
			}
		}
	}
	return keep, len(e.Args) > 0
}

// presence answers IS [NOT] NULL of a column.
func presence(e rex.Expr, l *layout) (keep kindSet, ok bool) {
	if len(e.Args) != 1 || e.Args[0].Kind != rex.Input || e.Args[0].Index >= len(l.columns) {
		return keep, false
	}
	column := l.columns[e.Args[0].Index].kind
	for k := range keep {
		present := column == kindCount || eventKind(k) == column
		keep[k] = present == (e.Name == "IS NOT NULL")
	}
	return keep, true
}

func among(e rex.Expr, l *layout) (keep kindSet, ok bool) {
	if len(e.Args) < 2 || !isTypeColumn(e.Args[0], l) {
		return keep, false
	}
	for _, a := range e.Args[1:] {
		value, ok := integer(a)
		if !ok {
			return keep, false
		}
		if value >= 0 && value < int64(kindCount) {
			keep[value] = true
		}
	}
	return keep, true
}

// comparison answers event_type <op> constant, either way round.
func comparison(e rex.Expr, l *layout) (keep kindSet, ok bool) {
	if len(e.Args) != 2 {
		return keep, false
	}
	left, right, name := e.Args[0], e.Args[1], e.Name
	if isTypeColumn(right, l) {
		left, right = right, left
		name = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[name]
		if name == "" {
			name = e.Name
		}
	}
	value, constant := integer(right)
	if !constant || !isTypeColumn(left, l) {
		return keep, false
	}
	for k := range keep {
		kind := int64(k)
		switch name {
		case "=":
			keep[k] = kind == value
		case "<>", "!=":
			keep[k] = kind != value
		case "<":
			keep[k] = kind < value
		case "<=":
			keep[k] = kind <= value
		case ">":
			keep[k] = kind > value
		case ">=":
			keep[k] = kind >= value
		default:
			return keep, false
		}
	}
	return keep, true
}

// isTypeColumn sees through widening casts, which change no value.
func isTypeColumn(e rex.Expr, l *layout) bool {
	for (e.Kind == rex.Cast || e.Kind == rex.TryCast) && e.Type.Kind == types.BigInt {
		e = e.Args[0]
	}
	return e.Kind == rex.Input && e.Index < len(l.columns) && l.columns[e.Index].kind == kindCount
}

// integer reads a whole constant, through casts to other whole types.
func integer(e rex.Expr) (int64, bool) {
	for (e.Kind == rex.Cast || e.Kind == rex.TryCast) && (e.Type.Kind == types.BigInt || e.Type.Kind == types.Int) {
		e = e.Args[0]
	}
	if e.Kind != rex.Literal || e.Value.Null || !e.Type.IsInteger() {
		return 0, false
	}
	return e.Value.Int, true
}
