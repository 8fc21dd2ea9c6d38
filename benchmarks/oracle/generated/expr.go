package generated

import (
	"fmt"
	"slices"
	"strings"
)

// Expr is an expression. It is immutable: shrinking makes new ones.
type Expr struct {
	Type Type
	// Op is the operation applied to Args; nil for columns and constants.
	Op   *Operation
	Args []*Expr
	// Input and Column name a column of one of the relations in scope.
	IsColumn bool
	Input    string
	Column   int
	// Value is a constant.
	Value Value
	// Query is a sub-query that is the operation's last argument.
	Query *Relation
}

// Operation is a function or operator in both dialects; %s stand for the arguments,
// %[1]s for the first.
type Operation struct {
	Result       Type
	Args         []Type
	Ours, SQLite string
}

// SQL prints the expression.
func (e *Expr) SQL(d Dialect) string {
	switch {
	case e.IsColumn:
		return fmt.Sprintf("%s.c%d", e.Input, e.Column)
	case e.Op == nil:
		return literal(e.Value, e.Type, d)
	}
	args := make([]any, 0, len(e.Args)+1)
	for _, a := range e.Args {
		args = append(args, a.SQL(d))
	}
	if e.Query != nil {
		args = append(args, e.Query.SQL(d))
	}
	format := e.Op.Ours
	if d == SQLite {
		format = e.Op.SQLite
	}
	return fmt.Sprintf(format, args...)
}

// reads reports whether a column of a relation is in e.
func (e *Expr) reads(relation string) bool {
	found := e.IsColumn && e.Input == relation
	for _, a := range e.Args {
		found = found || a.reads(relation)
	}
	return found
}

// size counts the nodes.
func (e *Expr) size() int {
	n := 1
	for _, a := range e.Args {
		n += a.size()
	}
	if e.Query != nil {
		n += e.Query.size()
	}
	return n
}

// Operations are all operations by result type.
//
// Left out on purpose: division of integers by what may be zero (an error in Flink,
// NULL in SQLite), products of large integers (overflow), negated doubles (-0.0 is a
// group of its own in Flink).
var operations = buildOperations()

func buildOperations() map[Type][]*Operation {
	all := map[Type][]*Operation{}
	add := func(result Type, ours, sqlite string, args ...Type) {
		if sqlite == "" {
			sqlite = ours
		}
		all[result] = append(all[result], &Operation{result, args, ours, sqlite})
	}
	addLogic(add)
	addNumbers(add)
	addText(add)
	addTimes(add)
	for _, t := range Computable {
		addGeneric(add, t)
	}
	return all
}

type adder func(result Type, ours, sqlite string, args ...Type)

func addLogic(add adder) {
	for _, op := range []string{"AND", "OR"} {
		add(Bool, "(%s "+op+" %s)", "", Bool, Bool)
	}
	add(Bool, "(NOT %s)", "", Bool)
	for _, is := range []string{"TRUE", "FALSE", "NOT TRUE", "NOT FALSE"} {
		add(Bool, "(%s IS "+is+")", "", Bool)
	}
	add(Bool, "(%s IS UNKNOWN)", "(%s IS NULL)", Bool)
}

// addGeneric adds what works on values of any type.
func addGeneric(add adder, t Type) {
	add(Bool, "(%s IS NULL)", "", t)
	add(Bool, "(%s IS NOT NULL)", "", t)
	add(Bool, "(%s IS DISTINCT FROM %s)", "(%s IS NOT %s)", t, t)
	add(Bool, "(%s IS NOT DISTINCT FROM %s)", "(%s IS %s)", t, t)
	add(t, "CASE WHEN %s THEN %s ELSE %s END", "", Bool, t, t)
	add(t, "CASE WHEN %s THEN %s END", "", Bool, t)
	add(t, "COALESCE(%s, %s)", "", t, t)
	add(t, "NULLIF(%s, %s)", "", t, t)
	add(t, "IF(%s, %s, %s)", "iif(%s, %s, %s)", Bool, t, t)
	for _, op := range []string{"=", "<>"} {
		add(Bool, "(%s "+op+" %s)", "", t, t)
	}
	add(Bool, "(%s IN (%s, %s))", "", t, t, t)
	add(Bool, "(%s NOT IN (%s, %s))", "", t, t, t)
	add(Bool, "(CASE %s WHEN %s THEN %s ELSE %s END)", "", t, t, Bool, Bool)
	add(Bool, "(CASE %s WHEN %s, %s THEN %s ELSE %s END)", "(CASE WHEN %[1]s IN (%[2]s, %[3]s) THEN %[4]s ELSE %[5]s END)", t, t, t, Bool, Bool)
	if t == Bool {
		return
	}
	for _, op := range []string{"<", "<=", ">", ">="} {
		add(Bool, "(%s "+op+" %s)", "", t, t)
		add(Bool, "((%s, %s) "+op+" (%s, %s))", "", t, Int, t, Int)
	}
	add(Bool, "(%s BETWEEN %s AND %s)", "", t, t, t)
	add(Bool, "(%s NOT BETWEEN %s AND %s)", "", t, t, t)
	add(t, "GREATEST(%s, %s)", "max(%s, %s)", t, t)
	add(t, "LEAST(%s, %s)", "min(%s, %s)", t, t)
}

func addNumbers(add adder) {
	for _, t := range []Type{Int, Float, Cents} {
		add(t, "(%s + %s)", "", t, t)
		add(t, "(%s - %s)", "", t, t)
	}
	add(Int, "((%s %% 1000) * (%s %% 1000))", "", Int, Int)
	add(Int, "(- %s)", "", Int)
	add(Int, "ABS(%s)", "", Int)
	add(Int, "(%s / 7)", "", Int)
	add(Int, "(%s %% 5)", "", Int)
	add(Int, "CAST(SIGN(%s) AS BIGINT)", "sign(%s)", Int)
	add(Int, "CAST(%s AS BIGINT)", "", Bool)
	add(Float, "CAST(%s AS DOUBLE)", "CAST(%s AS REAL)", Int)
	add(Cents, "CAST((%s %% 1000) AS DECIMAL(12, 2))", "(%s %% 1000) * 100", Int)
	add(Cents, "ABS(%s)", "", Cents)
}

func addText(add adder) {
	add(Text, "(%s || %s)", "", Text, Text)
	add(Text, "UPPER(%s)", "", Text)
	add(Text, "LOWER(%s)", "", Text)
	add(Text, "SUBSTRING(%s, 2)", "substr(%s, 2)", Text)
	add(Text, "SUBSTRING(%s, 1, 2)", "substr(%s, 1, 2)", Text)
	add(Text, "REPLACE(%s, 'a', 'xy')", "", Text)
	add(Text, "TRIM(%s)", "", Text)
	add(Text, "CAST(%s AS STRING)", "CAST(%s AS TEXT)", Int)
	add(Int, "CAST(CHAR_LENGTH(%s) AS BIGINT)", "length(%s)", Text)
	add(Int, "CAST(POSITION('b' IN %s) AS BIGINT)", "instr(%s, 'b')", Text)
	for _, pattern := range []string{"a%%", "%%b%%", "_b", "%%"} {
		add(Bool, "(%s LIKE '"+pattern+"')", "", Text)
		add(Bool, "(%s NOT LIKE '"+pattern+"')", "", Text)
	}
}

func addTimes(add adder) {
	add(Time, "(%s + INTERVAL '7' SECOND)", "(%s + 7000)", Time)
	add(Time, "(%s - INTERVAL '1' MINUTE)", "(%s - 60000)", Time)
	add(Time, "FLOOR(%s TO MINUTE)", "(%[1]s - %[1]s %% 60000)", Time)
	add(Int, "EXTRACT(SECOND FROM %s)", "(%s / 1000 %% 60)", Time)
	add(Int, "CAST(TIMESTAMPDIFF(SECOND, %s, %s) AS BIGINT)", "((%[2]s - %[1]s) / 1000)", Time, Time)
}

// Aggregate is an aggregate function in both dialects.
type Aggregate struct {
	Result       Type
	Arg          Type
	Star         bool
	Ours, SQLite string
}

// aggregates are those that both sides define alike. AVG of integers is truncated
// in Flink and a double in SQLite, so it is written as a quotient there.
var aggregates = buildAggregates()

func buildAggregates() []Aggregate {
	all := []Aggregate{{Result: Int, Star: true, Ours: "COUNT(*)", SQLite: "COUNT(*)"}}
	for _, t := range Computable {
		all = append(all,
			Aggregate{Int, t, false, "COUNT(%s)%s", "COUNT(%s)%s"},
			Aggregate{Int, t, false, "COUNT(DISTINCT %s)%s", "COUNT(DISTINCT %s)%s"})
		if t != Bool {
			all = append(all, Aggregate{t, t, false, "MIN(%s)%s", "MIN(%s)%s"}, Aggregate{t, t, false, "MAX(%s)%s", "MAX(%s)%s"})
		}
	}
	for _, t := range []Type{Int, Float, Cents} {
		all = append(all, Aggregate{t, t, false, "SUM(%s)%s", "SUM(%s)%s"},
			Aggregate{t, t, false, "SUM(DISTINCT %s)%s", "SUM(DISTINCT %s)%s"})
	}
	return append(all,
		Aggregate{Int, Int, false, "AVG(%s)%s", "(SUM(%[1]s)%[2]s / COUNT(%[1]s)%[2]s)"},
		Aggregate{Mean, Float, false, "AVG(%s)%s", "AVG(%s)%s"})
}

// Call is an aggregate with its argument and filter.
type Call struct {
	Aggregate Aggregate
	Arg       *Expr
	Filter    *Expr
}

// SQL prints the call.
func (c Call) SQL(d Dialect) string {
	format := c.Aggregate.Ours
	if d == SQLite {
		format = c.Aggregate.SQLite
	}
	filter := ""
	if c.Filter != nil {
		filter = " FILTER (WHERE " + c.Filter.SQL(d) + ")"
	}
	if c.Aggregate.Star {
		return format + filter
	}
	return fmt.Sprintf(format, c.Arg.SQL(d), filter)
}

// exprList prints expressions named c0, c1, …
func exprList(exprs []string) string {
	named := slices.Clone(exprs)
	for i := range named {
		named[i] += fmt.Sprintf(" AS c%d", i)
	}
	return strings.Join(named, ", ")
}
