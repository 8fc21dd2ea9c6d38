package generated

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// generator makes random queries over tables.
type generator struct {
	random *rand.Rand
	tables []*Table
	names  int
}

// scope is what an expression may name: columns of relations, by the name they
// have there.
type scope []*Relation

// Query makes a random query.
func Query(random *rand.Rand, tables []*Table) *Relation {
	g := &generator{random: random, tables: tables}
	return g.relation(1 + random.IntN(4))
}

func (g *generator) chance(percent int) bool { return g.random.IntN(100) < percent }

func (g *generator) name() string {
	g.names++
	return fmt.Sprintf("r%d", g.names)
}

// relation makes a relation of at most so many levels.
func (g *generator) relation(depth int) *Relation {
	if depth <= 0 {
		return g.scan()
	}
	switch n := g.random.IntN(100); {
	case n < 25:
		return g.selection(depth)
	case n < 43:
		return g.join(depth)
	case n < 50:
		return g.chain(depth)
	case n < 72:
		return g.group(depth)
	case n < 80:
		return g.windowed()
	case n < 85:
		in := g.relation(depth - 1)
		return &Relation{Kind: Distinct, Name: g.name(), Columns: in.Columns, Inputs: []*Relation{in}}
	case n < 90:
		return g.setOp(depth)
	case n < 95:
		return g.over(depth)
	}
	return g.topN(depth)
}

func (g *generator) scan() *Relation {
	t := g.tables[g.random.IntN(len(g.tables))]
	// A table may stand several times in a query, so a scan is renamed by a
	// plain Select around it.
	scan := &Relation{Kind: Scan, Name: t.Name, Columns: t.Types()}
	return renamed(scan, g.name())
}

// renamed selects all columns of a relation.
func renamed(r *Relation, name string) *Relation {
	out := &Relation{Kind: Select, Name: name, Columns: r.Columns, Inputs: []*Relation{r}}
	for i, t := range r.Columns {
		out.Exprs = append(out.Exprs, &Expr{Type: t, IsColumn: true, Input: r.Name, Column: i})
	}
	return out
}

func (g *generator) selection(depth int) *Relation {
	in := g.relation(depth - 1)
	r := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{in}}
	for range 1 + g.random.IntN(4) {
		e := g.expr(scope{in}, g.someType(in), 2, depth-1)
		r.Exprs, r.Columns = append(r.Exprs, e), append(r.Columns, e.Type)
	}
	if g.chance(60) {
		r.Where = g.predicate(scope{in}, depth-1)
	}
	return r
}

// predicate makes a condition, now and then with a sub-query.
func (g *generator) predicate(s scope, depth int) *Expr {
	if depth > 0 && g.chance(35) {
		return g.subQueryPredicate(s, depth)
	}
	return g.expr(s, Bool, 2, 0)
}

// pair makes two relations, now and then the same one twice: plans share those.
func (g *generator) pair(depth int) (left, right *Relation) {
	left = g.relation(depth)
	if g.chance(15) {
		return left, renamed(left, g.name())
	}
	return left, g.relation(depth)
}

func (g *generator) join(depth int) *Relation {
	left, right := g.pair(depth - 1)
	words := []string{"INNER", "LEFT", "RIGHT", "FULL"}
	r := &Relation{Kind: Join, Name: g.name(), Inputs: []*Relation{left, right}, Word: words[g.random.IntN(len(words))]}
	r.Columns = append(slices.Clone(left.Columns), right.Columns...)
	equal := g.equality(left, right)
	if equal == nil {
		r.Word, r.On = "INNER", g.expr(scope{left, right}, Bool, 1, 0)
		return r
	}
	r.On = equal
	if g.chance(30) {
		if more := g.equality(left, right); more != nil {
			r.On = and(r.On, more)
		}
	}
	if g.chance(25) {
		r.On = and(r.On, g.expr(scope{left, right}, Bool, 1, 0))
	}
	if depth > 0 && g.chance(20) {
		r.On = and(r.On, g.subQueryPredicate(scope{left, right}, depth-1))
	}
	return r
}

// chain makes joins one upon the other by one key, as of facts about one thing: each
// equals the key of any relation before it.
func (g *generator) chain(depth int) *Relation {
	r := g.relation(depth - 1)
	key := g.column(scope{r}, nil)
	if key.Type == Mean {
		return r
	}
	keys := []int{key.Column}
	for range 2 + g.random.IntN(2) {
		right := g.relation(g.random.IntN(depth))
		var same []int
		for i, t := range right.Columns {
			if t == key.Type {
				same = append(same, i)
			}
		}
		if len(same) == 0 {
			continue
		}
		own := same[g.random.IntN(len(same))]
		of := func(r *Relation, column int) *Expr {
			return &Expr{Type: key.Type, IsColumn: true, Input: r.Name, Column: column}
		}
		next := &Relation{Kind: Join, Name: g.name(), Inputs: []*Relation{r, right}, Word: [2]string{"INNER", "LEFT"}[g.random.IntN(2)]}
		next.On = &Expr{Type: Bool, Op: equalOperation, Args: []*Expr{of(r, keys[g.random.IntN(len(keys))]), of(right, own)}}
		if g.chance(10) {
			next.On = and(next.On, g.expr(scope{r, right}, Bool, 1, 0))
		}
		keys = append(keys, len(r.Columns)+own)
		next.Columns = append(slices.Clone(r.Columns), right.Columns...)
		r = next
	}
	return r
}

var (
	andOperation   = &Operation{Bool, []Type{Bool, Bool}, "(%s AND %s)", "(%s AND %s)"}
	equalOperation = &Operation{Bool, nil, "(%s = %s)", "(%s = %s)"}
)

func and(a, b *Expr) *Expr { return &Expr{Type: Bool, Op: andOperation, Args: []*Expr{a, b}} }

// equality makes a condition that a column of each side be equal, or nil when no
// types match.
func (g *generator) equality(left, right *Relation) *Expr {
	for range 8 {
		a, b := g.column(scope{left}, nil), g.column(scope{right}, nil)
		if a.Type == b.Type && a.Type != Mean {
			return &Expr{Type: Bool, Op: equalOperation, Args: []*Expr{a, b}}
		}
	}
	return nil
}

func (g *generator) group(depth int) *Relation {
	in := g.relation(depth - 1)
	r := &Relation{Kind: Group, Name: g.name(), Inputs: []*Relation{in}}
	for range g.random.IntN(3) {
		if e := g.groupKey(in); e != nil {
			r.Exprs, r.Columns = append(r.Exprs, e), append(r.Columns, e.Type)
		}
	}
	g.addCalls(r, in)
	if g.chance(40) {
		r.Where = g.predicate(scope{in}, depth-1)
	}
	if g.chance(25) {
		self := &Relation{Name: r.Name + "h", Columns: r.Columns}
		r.Having = g.predicate(scope{self}, depth-1)
	}
	return r
}

// groupKey is a column or an expression that is no constant, or nil.
func (g *generator) groupKey(in *Relation) *Expr {
	if g.chance(70) {
		if c := g.column(scope{in}, nil); c.Type != Mean {
			return c
		}
		return nil
	}
	if e := g.expr(scope{in}, g.someType(in), 1, 0); e.IsColumn || e.Op != nil {
		return e
	}
	return nil
}

func (g *generator) addCalls(r *Relation, in *Relation) {
	for range 1 + g.random.IntN(3) {
		c := Call{Aggregate: aggregates[g.random.IntN(len(aggregates))]}
		if !c.Aggregate.Star {
			c.Arg = g.expr(scope{in}, c.Aggregate.Arg, 1, 0)
		}
		if g.chance(20) {
			c.Filter = g.expr(scope{in}, Bool, 1, 0)
		}
		r.Calls, r.Columns = append(r.Calls, c), append(r.Columns, c.Aggregate.Result)
	}
}

func (g *generator) windowed() *Relation {
	t := g.tables[g.random.IntN(len(g.tables))]
	in := &Relation{Kind: Scan, Name: t.Name, Columns: t.Types()}
	r := &Relation{Kind: Windowed, Name: g.name(), Inputs: []*Relation{in}, Columns: []Type{Time, Time}, Time: t.Rowtime}
	r.Word = []string{"TUMBLE", "HOP", "CUMULATE"}[g.random.IntN(3)]
	r.StepMillis = int64(1+g.random.IntN(20)) * 1000
	r.SizeMillis = r.StepMillis * int64(1+g.random.IntN(4))
	for range g.random.IntN(3) {
		if e := g.groupKey(in); e != nil {
			r.Exprs, r.Columns = append(r.Exprs, e), append(r.Columns, e.Type)
		}
	}
	g.addCalls(r, in)
	if g.chance(30) {
		r.Where = g.expr(scope{in}, Bool, 1, 0)
	}
	return r
}

// setOp combines two relations of the same columns.
func (g *generator) setOp(depth int) *Relation {
	words := []string{"UNION ALL", "UNION", "INTERSECT", "EXCEPT"}
	left, right := g.pair(depth - 1)
	r := &Relation{Kind: SetOp, Name: g.name(), Word: words[g.random.IntN(len(words))]}
	l := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{left}}
	rt := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{right}}
	for range 1 + g.random.IntN(3) {
		t := g.someType(left)
		l.Exprs = append(l.Exprs, g.expr(scope{left}, t, 1, 0))
		rt.Exprs = append(rt.Exprs, g.expr(scope{right}, t, 1, 0))
		r.Columns = append(r.Columns, t)
	}
	l.Columns, rt.Columns = r.Columns, r.Columns
	r.Inputs = []*Relation{l, rt}
	return r
}

// ordered makes a relation whose columns can all be ordered by.
func (g *generator) ordered(depth int) *Relation {
	if in := g.relation(depth); !slices.Contains(in.Columns, Mean) {
		return in
	}
	return g.scan()
}

// topN orders by all columns, so that rows that tie are the same.
func (g *generator) topN(depth int) *Relation {
	in := g.ordered(depth - 1)
	r := &Relation{Kind: TopN, Name: g.name(), Inputs: []*Relation{in}, Columns: slices.Clone(in.Columns), N: 1 + g.random.IntN(3), Rank: g.chance(50)}
	for range in.Columns {
		r.Descending = append(r.Descending, g.chance(50))
	}
	if g.chance(70) {
		r.Exprs = append(r.Exprs, g.column(scope{in}, nil))
	}
	if r.Rank {
		r.Columns = append(r.Columns, Int)
	}
	return r
}
