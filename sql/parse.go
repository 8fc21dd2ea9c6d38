package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// MaxDepth is the deepest nesting of parentheses, CASE, types and prefix
// operators that parses; beyond it is a user error.
const MaxDepth = 500

// Parse parses a script: statements separated by semicolons, with comments. It
// returns the first error, of class User or Unsupported, with its span.
func Parse(text string) ([]Statement, error) {
	return nil, errs.Unsupportedf("the SQL parser is not wired yet")
}

// ParseExpr parses one expression.
func ParseExpr(text string) (Expr, error) {
	return nil, errs.Unsupportedf("the SQL parser is not wired yet")
}

// ParseType parses a type; it reads back types.Type.String.
func ParseType(text string) (types.Type, error) {
	return types.Type{}, errs.Unsupportedf("the SQL parser is not wired yet")
}

// Format prints a statement as canonical text without a closing semicolon.
func Format(s Statement) string { return "" }
