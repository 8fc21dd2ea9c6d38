package generated

import (
	"fmt"
	"strings"
)

// Kind is the kind of a relation.
type Kind uint8

// The kinds.
const (
	Scan Kind = iota
	// Select is WHERE and the select list over one input.
	Select
	// Join joins two inputs.
	Join
	// Group is GROUP BY with HAVING; without keys it is one row.
	Group
	// Windowed is a windowed aggregate over a base table.
	Windowed
	// Distinct is SELECT DISTINCT.
	Distinct
	// SetOp is UNION ALL, UNION, INTERSECT or EXCEPT of two inputs.
	SetOp
	// Over adds functions over windows to its input's columns.
	Over
	// TopN keeps the first rows of each group by ROW_NUMBER.
	TopN
)

// Relation is a query whose columns are named c0, c1, … Relations are immutable:
// shrinking makes new ones.
type Relation struct {
	Kind    Kind
	Name    string // alias, unique in the query; for Scan the table
	Columns []Type
	Inputs  []*Relation

	Where *Expr
	// Exprs are the select list of Select, the keys of Group, Windowed and TopN.
	Exprs []*Expr
	// Word is the kind of join or set operation, or the window function's name.
	Word string
	// On is a join's condition.
	On    *Expr
	Calls []Call
	// Having is over the columns of a Group's result, Input being its own name.
	Having *Expr
	// SizeMillis and StepMillis describe a window; Time is its column.
	SizeMillis, StepMillis int64
	Time                   int
	// N is how many rows TopN keeps; Descending its order; Rank whether the number
	// is a column.
	N          int
	Descending []bool
	Rank       bool
	Overs      []OverCall
}

// size counts the nodes.
func (r *Relation) size() int {
	n := 1
	for _, in := range r.Inputs {
		n += in.size()
	}
	for _, e := range r.exprs() {
		n += e.size()
	}
	return n
}

// exprs are all expressions of this node.
func (r *Relation) exprs() []*Expr {
	all := append([]*Expr{}, r.Exprs...)
	for _, e := range []*Expr{r.Where, r.On, r.Having} {
		if e != nil {
			all = append(all, e)
		}
	}
	for _, c := range r.Calls {
		if c.Arg != nil {
			all = append(all, c.Arg)
		}
		if c.Filter != nil {
			all = append(all, c.Filter)
		}
	}
	return all
}

// SQL prints the query.
func (r *Relation) SQL(d Dialect) string {
	switch r.Kind {
	case Scan:
		return "SELECT " + r.columnList(r.Name, 0, len(r.Columns)) + " FROM " + r.Name
	case Select:
		return "SELECT " + exprList(printAll(r.Exprs, d)) + " FROM " + r.Inputs[0].from(d) + clause(" WHERE ", r.Where, d)
	case Join:
		return r.joinSQL(d)
	case Group:
		return r.groupSQL(d)
	case Windowed:
		return r.windowSQL(d)
	case Distinct:
		return "SELECT DISTINCT " + r.columnList(r.Inputs[0].Name, 0, len(r.Columns)) + " FROM " + r.Inputs[0].from(d)
	case Over:
		in := r.Inputs[0]
		list := r.columnList(in.Name, 0, len(in.Columns))
		for i, c := range r.Overs {
			list += fmt.Sprintf(", %s AS c%d", c.SQL(d), len(in.Columns)+i)
		}
		return "SELECT " + list + " FROM " + in.from(d)
	case SetOp:
		return r.Inputs[0].bare(d) + " " + r.Word + " " + r.Inputs[1].bare(d)
	}
	return r.topNSQL(d)
}

// from is the relation as an item of FROM.
func (r *Relation) from(d Dialect) string {
	if r.Kind == Scan {
		return r.Name
	}
	return "(" + r.SQL(d) + ") AS " + r.Name
}

// bare is the relation as an operand of a set operation; SQLite takes no
// parentheses there.
func (r *Relation) bare(d Dialect) string {
	return "SELECT " + r.columnList(r.Name, 0, len(r.Columns)) + " FROM " + r.from(d)
}

// columnList lists columns of a relation, the first as c<first>.
func (r *Relation) columnList(of string, first, n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s.c%d AS c%d", of, i, first+i))
	}
	return strings.Join(list, ", ")
}

func printAll(exprs []*Expr, d Dialect) []string {
	var list []string
	for _, e := range exprs {
		list = append(list, e.SQL(d))
	}
	return list
}

func clause(word string, e *Expr, d Dialect) string {
	if e == nil {
		return ""
	}
	return word + e.SQL(d)
}

func (r *Relation) joinSQL(d Dialect) string {
	left, right := r.Inputs[0], r.Inputs[1]
	list := r.columnList(left.Name, 0, len(left.Columns)) + ", " + r.columnList(right.Name, len(left.Columns), len(right.Columns))
	return "SELECT " + list + " FROM " + left.from(d) + " " + r.Word + " JOIN " + right.from(d) + clause(" ON ", r.On, d)
}

func (r *Relation) groupSQL(d Dialect) string {
	list := printAll(r.Exprs, d)
	for _, c := range r.Calls {
		list = append(list, c.SQL(d))
	}
	query := "SELECT " + exprList(list) + " FROM " + r.Inputs[0].from(d) + clause(" WHERE ", r.Where, d)
	if len(r.Exprs) > 0 {
		query += " GROUP BY " + strings.Join(printAll(r.Exprs, d), ", ")
	}
	if r.Having == nil {
		return query
	}
	return "SELECT " + r.columnList(r.Name+"h", 0, len(r.Columns)) + " FROM (" + query + ") AS " + r.Name + "h" + clause(" WHERE ", r.Having, d)
}

func (r *Relation) topNSQL(d Dialect) string {
	in := r.Inputs[0]
	var order []string
	for i := range in.Columns {
		direction := " ASC"
		if r.Descending[i] {
			direction = " DESC"
		}
		order = append(order, fmt.Sprintf("%s.c%d%s", in.Name, i, direction))
	}
	partition := ""
	if len(r.Exprs) > 0 {
		partition = "PARTITION BY " + strings.Join(printAll(r.Exprs, d), ", ") + " "
	}
	inner := fmt.Sprintf("SELECT %s, ROW_NUMBER() OVER (%sORDER BY %s) AS place FROM %s",
		r.columnList(in.Name, 0, len(in.Columns)), partition, strings.Join(order, ", "), in.from(d))
	list := r.columnList(r.Name+"t", 0, len(in.Columns))
	if r.Rank {
		list += fmt.Sprintf(", %st.place AS c%d", r.Name, len(in.Columns))
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS %st WHERE %st.place <= %d", list, inner, r.Name, r.Name, r.N)
}

// windowSQL prints a windowed aggregate: its columns are the window's start and
// end, the keys and the calls. SQLite gets the windows of each row by a join with
// the small numbers.
func (r *Relation) windowSQL(d Dialect) string {
	in := r.Inputs[0]
	list := []string{"window_start", "window_end"}
	list = append(list, printAll(r.Exprs, d)...)
	for _, c := range r.Calls {
		list = append(list, c.SQL(d))
	}
	group := append([]string{"window_start", "window_end"}, printAll(r.Exprs, d)...)
	return "SELECT " + exprList(list) + " FROM " + r.windowFrom(in, d) + clause(" WHERE ", r.Where, d) + " GROUP BY " + strings.Join(group, ", ")
}

func (r *Relation) windowFrom(in *Relation, d Dialect) string {
	if d == Ours {
		lengths := interval(r.SizeMillis)
		if r.Word != "TUMBLE" {
			lengths = interval(r.StepMillis) + ", " + lengths
		}
		return fmt.Sprintf("TABLE(%s(TABLE %s, DESCRIPTOR(c%d), %s)) AS %s", r.Word, in.Name, r.Time, lengths, in.Name)
	}
	at, size, step := fmt.Sprintf("b.c%d", r.Time), r.SizeMillis, r.StepMillis
	start, end, count := fmt.Sprintf("%s - %s %% %d", at, at, size), fmt.Sprintf("window_start + %d", size), int64(1)
	switch r.Word {
	case "HOP":
		start, count = fmt.Sprintf("%s - %s %% %d - n * %d", at, at, step, step), size/step
	case "CUMULATE":
		end, count = fmt.Sprintf("window_start + (n + 1) * %d", step), size/step
	}
	inner := fmt.Sprintf("SELECT b.*, n, %s AS window_start FROM %s AS b, numbers WHERE n < %d", start, in.Name, count)
	return fmt.Sprintf("(SELECT *, %s AS window_end FROM (%s) WHERE c%d < window_end) AS %s", end, inner, r.Time, in.Name)
}

func interval(millis int64) string { return fmt.Sprintf("INTERVAL '%d' SECOND", millis/1000) }
