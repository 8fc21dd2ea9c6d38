package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// matchBinder binds a MATCH_RECOGNIZE. Its expressions are bound over navigations:
// number s*width + c is the last value of input column c among the rows of symbol
// s, and those from extras on are calls such as FIRST, PREV and aggregates. Symbol
// 0 is any row, then come the variables and the subsets.
type matchBinder struct {
	b     *Binder
	m     *sql.MatchRecognize
	input *relation
	spec  rowpattern.Spec
	// symbols are the sets of variables, names what they are called.
	symbols []uint64
	names   []string
	scope   *scope
	width   int
	extras  []rowpattern.Nav
	// columns and columnNames are the projection below the match.
	columns     []rex.Expr
	columnNames []string
	// define tells that the expression is of DEFINE.
	define bool
}

// matchRecognize binds input MATCH_RECOGNIZE (…).
func (b *Binder) matchRecognize(m *sql.MatchRecognize) (*relation, error) {
	input, err := b.tableRef(m.Input, nil, nil)
	if err != nil {
		return nil, err
	}
	mb := &matchBinder{b: b, m: m, input: input, width: len(input.scope.columns)}
	if changes := input.node.Props().Changes; !changes.InsertOnly() {
		return nil, errs.Userf("MATCH_RECOGNIZE needs rows that are only added, but its input also changes rows").At(m.Input.Pos()).
			WithHint("match a table that only takes inserts, or a windowed aggregate of one")
	}
	for _, step := range []func() error{mb.order, mb.variables, mb.pattern, mb.clauses, mb.defines} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	node, err := mb.build()
	if err != nil {
		return nil, err
	}
	return named(node, "", m.Alias)
}

// column places an expression over the input below the match.
func (mb *matchBinder) column(e rex.Expr) int {
	for i, c := range mb.columns {
		if c.Equal(e) {
			return i
		}
	}
	name := "$in" + itoa(len(mb.columns))
	if e.Kind == rex.Input {
		if own := mb.input.node.Props().Schema[e.Index].Name; !slices.Contains(mb.columnNames, own) {
			name = own
		}
	}
	mb.columns, mb.columnNames = append(mb.columns, e), append(mb.columnNames, name)
	return len(mb.columns) - 1
}

// order binds PARTITION BY and ORDER BY.
func (mb *matchBinder) order() error {
	x := &exprBinder{b: mb.b, scope: mb.input.scope, clause: "PARTITION BY"}
	for _, e := range mb.m.PartitionBy {
		bound, err := x.expr(e)
		if err != nil {
			return err
		}
		mb.spec.PartitionBy = append(mb.spec.PartitionBy, mb.column(bound))
	}
	mb.spec.Leading = slices.Clone(mb.spec.PartitionBy)
	if len(mb.m.OrderBy) == 0 {
		return errs.Userf("MATCH_RECOGNIZE needs an ORDER BY that begins with a time attribute").At(mb.m.Pos()).
			WithHint("write ORDER BY with the column that has a WATERMARK, or a PROCTIME() column")
	}
	x.clause = "ORDER BY"
	for i, o := range mb.m.OrderBy {
		bound, err := x.expr(o.Expr)
		if err != nil {
			return err
		}
		if i > 0 {
			mb.spec.Ties = append(mb.spec.Ties, sortKey(o, mb.column(bound)))
			continue
		}
		kind := logical.NotTime
		if bound.Kind == rex.Input {
			kind = mb.input.node.Props().Time[bound.Index]
		}
		key := sortKey(o, 0)
		switch {
		case kind == logical.NotTime:
			return errs.Userf("the ORDER BY of MATCH_RECOGNIZE must begin with a time attribute, but this is a plain %s", bound.Type.WithNullable(true)).
				At(o.Expr.Pos()).WithHint("declare WATERMARK FOR the column in the table; expressions, joins and updating queries lose the attribute")
		case key.Descending:
			return errs.Userf("the time attribute in the ORDER BY of MATCH_RECOGNIZE must be ascending").At(o.Expr.Pos()).WithHint("leave DESC out")
		}
		mb.spec.Time, mb.spec.ProcTime = mb.column(bound), kind == logical.Proctime
	}
	return nil
}

// variables collects the variables of the pattern and the subsets, and makes the
// scope in which they name rows.
func (mb *matchBinder) variables() error {
	mb.symbols, mb.names = []uint64{rowpattern.AllVariables}, []string{""}
	if err := mb.collect(mb.m.Pattern); err != nil {
		return err
	}
	mb.spec.Variables = slices.Clone(mb.names[1:])
	for _, s := range mb.m.Subsets {
		if slices.Contains(mb.names, s.Name.Text) {
			return errs.Userf("%s is a variable or subset already", s.Name.Text).At(s.Name.Pos()).WithHint("give the subset another name")
		}
		set := uint64(0)
		for _, v := range s.Variables {
			i := slices.Index(mb.spec.Variables, v.Text)
			if i < 0 {
				return mb.unknownVariable(v)
			}
			set |= 1 << i
		}
		mb.symbols, mb.names = append(mb.symbols, set), append(mb.names, s.Name.Text)
	}
	mb.scope = &scope{}
	for s, name := range mb.names {
		for i, c := range mb.input.scope.columns {
			column := c
			if s > 0 {
				column.table, column.qualifiedOnly = name, true
			}
			column.expr = nullable(rex.Col(s*mb.width+i, c.expr.Type))
			mb.scope.columns = append(mb.scope.columns, column)
		}
	}
	return nil
}

func (mb *matchBinder) collect(p *sql.Pattern) error {
	if p.Kind == sql.PatternVariable && !slices.Contains(mb.names, p.Variable.Text) {
		if len(mb.names) > rowpattern.VariablesMax {
			return errs.Userf("a pattern has at most %d variables", rowpattern.VariablesMax).At(p.Pos())
		}
		mb.symbols, mb.names = append(mb.symbols, 1<<(len(mb.names)-1)), append(mb.names, p.Variable.Text)
	}
	for _, item := range p.Items {
		if err := mb.collect(item); err != nil {
			return err
		}
	}
	return nil
}

func (mb *matchBinder) unknownVariable(v sql.Ident) error {
	err := errs.Userf("there is no variable called %s in PATTERN", v.Text).At(v.Pos())
	if near := errs.Nearest(v.Text, mb.names[1:]); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("the variables are %s", list(mb.names[1:]))
}

// pattern translates PATTERN.
func (mb *matchBinder) pattern() error {
	m := mb.m
	if m.StrictStart || m.StrictEnd {
		return unsupported(m.Pattern, "^ and $ in PATTERN")
	}
	mb.spec.Pattern = mb.translate(m.Pattern)
	var permute func(p *sql.Pattern) error
	permute = func(p *sql.Pattern) error {
		if p.Kind == sql.PatternPermute && len(p.Items) > rowpattern.PermuteMax {
			return errs.Userf("PERMUTE takes at most %d items, not %d", rowpattern.PermuteMax, len(p.Items)).At(p.Pos())
		}
		for _, item := range p.Items {
			if err := permute(item); err != nil {
				return err
			}
		}
		return nil
	}
	if err := permute(m.Pattern); err != nil {
		return err
	}
	if mb.spec.Pattern.Steps() > rowpattern.StepsMax {
		return errs.Userf("the pattern is too large: with its repetitions written out it has more than %d steps", rowpattern.StepsMax).
			At(m.Pattern.Pos()).WithHint("lower the bounds of its repetitions, or use * or + with a condition in DEFINE")
	}
	return nil
}

var patternKinds = map[sql.PatternKind]rowpattern.Kind{
	sql.PatternVariable: rowpattern.Variable, sql.PatternSequence: rowpattern.Sequence, sql.PatternAlternation: rowpattern.Alternation,
	sql.PatternPermute: rowpattern.Permute, sql.PatternExclude: rowpattern.Exclude,
}

func (mb *matchBinder) translate(p *sql.Pattern) rowpattern.Pattern {
	out := rowpattern.Pattern{Kind: patternKinds[p.Kind]}
	if p.Kind == sql.PatternVariable {
		out.Variable = slices.Index(mb.spec.Variables, p.Variable.Text)
	}
	for _, item := range p.Items {
		out.Items = append(out.Items, mb.translate(item))
	}
	if q := p.Quantifier; q != nil {
		out = rowpattern.Pattern{Kind: rowpattern.Repeat, Items: []rowpattern.Pattern{out}, Min: q.Min, Max: q.Max, Reluctant: q.Reluctant}
	}
	return out
}

// clauses binds WITHIN, AFTER MATCH SKIP and ROWS PER MATCH.
func (mb *matchBinder) clauses() error {
	m, s := mb.m, &mb.spec
	if m.Within != nil {
		var err error
		if s.WithinMillis, err = mb.b.millis(m.Within, "WITHIN"); err != nil {
			return err
		}
		if s.WithinMillis <= 0 {
			return errs.Userf("the interval of WITHIN must be greater than 0").At(m.Within.Pos())
		}
	}
	switch m.After.Kind {
	case sql.SkipToNextRow:
		s.Skip = rowpattern.ToNextRow
	case sql.SkipToFirst, sql.SkipToLast:
		s.Skip = rowpattern.ToFirst
		if m.After.Kind == sql.SkipToLast {
			s.Skip = rowpattern.ToLast
		}
		at := slices.Index(mb.names, m.After.Variable.Text)
		if at < 1 {
			return mb.unknownVariable(m.After.Variable)
		}
		s.SkipSet, s.SkipName = mb.symbols[at], m.After.Variable.Text
	}
	s.AllRows = m.AllRows
	s.OmitEmpty, s.Unmatched = m.AllRowsMode == "OMIT EMPTY MATCHES", m.AllRowsMode == "WITH UNMATCHED ROWS"
	return nil
}

// defines binds DEFINE.
func (mb *matchBinder) defines() error {
	mb.spec.Conditions = make([]rowpattern.Condition, len(mb.spec.Variables))
	mb.define = true
	seen := map[int]bool{}
	for _, d := range mb.m.Defines {
		v := slices.Index(mb.spec.Variables, d.Name.Text)
		switch {
		case v < 0 && slices.Contains(mb.names, d.Name.Text):
			return errs.Userf("%s is a subset, which DEFINE can't give a condition", d.Name.Text).At(d.Name.Pos())
		case v < 0:
			return mb.unknownVariable(d.Name)
		case seen[v]:
			return errs.Userf("%s is defined twice", d.Name.Text).At(d.Name.Pos()).WithHint("join the conditions with AND or OR")
		}
		seen[v] = true
		bound, err := mb.expr(d.Expr, "DEFINE")
		if err == nil {
			bound, err = boolean(bound, "DEFINE", d.Expr.Pos())
		}
		if err != nil {
			return err
		}
		mb.spec.Conditions[v] = mb.condition(bound, v)
	}
	mb.define = false
	return nil
}

// expr binds an expression over navigations.
func (mb *matchBinder) expr(e sql.Expr, clause string) (rex.Expr, error) {
	computed, err := mb.calls(e)
	if err != nil {
		return rex.Expr{}, err
	}
	x := &exprBinder{b: mb.b, scope: mb.scope, clause: clause, computed: computed}
	bound, err := x.expr(e)
	if err != nil {
		return bound, mb.explain(e, err)
	}
	return bound, nil
}

// explain says of an unknown name before a dot that it could be a variable.
func (mb *matchBinder) explain(e sql.Expr, err error) error {
	span := errs.SpanOf(err)
	var found error
	var walk func(e sql.Expr)
	walk = func(e sql.Expr) {
		if ref, ok := e.(*sql.ColumnRef); ok && len(ref.Name.Parts) > 1 && ref.Name.Parts[0].Pos() == span {
			if _, n := mb.scope.find("", ref.Name.Parts[0].Text); n == 0 {
				found = mb.unknownVariable(ref.Name.Parts[0])
			}
		}
		for _, c := range children(e) {
			walk(c)
		}
	}
	walk(e)
	if found != nil {
		return found
	}
	return err
}

// nav is the navigation of a number.
func (mb *matchBinder) nav(index int) rowpattern.Nav {
	if base := len(mb.symbols) * mb.width; index >= base {
		return mb.extras[index-base]
	}
	column := mb.input.scope.columns[index%mb.width].expr
	return rowpattern.Nav{Set: mb.symbols[index/mb.width], Column: mb.column(column), Type: column.Type.WithNullable(true)}
}

// symbol is the symbol of a plain column, or -1.
func (mb *matchBinder) symbol(index int) int {
	if index >= len(mb.symbols)*mb.width {
		return -1
	}
	return index / mb.width
}

// below moves an expression of plain columns onto the input.
func (mb *matchBinder) below(e rex.Expr) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			return mb.input.scope.columns[x.Index%mb.width].expr
		}
		return x
	})
}

// condition makes the condition of variable v. What of it only looks at the row
// itself becomes a column of the input.
func (mb *matchBinder) condition(e rex.Expr, v int) rowpattern.Condition {
	c := rowpattern.Condition{}
	lifted := mb.lift(e, v, &c)
	c.Expr = &lifted
	if lifted.IsLiteral() && !lifted.Value.Null && lifted.Value.Int == 1 {
		c.Expr = nil
	}
	return c
}

func (mb *matchBinder) lift(e rex.Expr, v int, c *rowpattern.Condition) rex.Expr {
	if e.Kind != rex.Literal && mb.ownRow(e, v) {
		below := mb.below(e)
		return readNav(&c.Navs, rowpattern.Nav{Set: 1 << v, Column: mb.column(below), Type: below.Type.WithNullable(true)})
	}
	if e.Kind == rex.Input {
		return readNav(&c.Navs, mb.nav(e.Index))
	}
	if len(e.Args) > 0 {
		args := make([]rex.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = mb.lift(a, v, c)
		}
		e.Args = args
	}
	return e
}

// ownRow reports whether e reads the row itself alone, and may be evaluated for rows
// that it is not asked of.
func (mb *matchBinder) ownRow(e rex.Expr, v int) bool {
	reads, own := false, true
	e.Walk(func(x rex.Expr) bool {
		switch x.Kind {
		case rex.Input:
			reads = true
			s := mb.symbol(x.Index)
			own = own && s >= 0 && mb.symbols[s]>>v&1 == 1
		case rex.Cast:
			own = own && x.Args[0].Type.IsNumeric() && (x.Type.IsApproximate() || x.Type.Kind >= x.Args[0].Type.Kind)
		case rex.Call:
			sig, known := mb.b.funcs.Scalar(x.Name)
			own = own && known && !sig.Volatile && x.Name != "/" && x.Name != "%" && x.Name != "MOD"
		}
		return own
	})
	return reads && own
}

// readNav is the column of a navigation in a list of them, which it is added to.
func readNav(navs *[]rowpattern.Nav, n rowpattern.Nav) rex.Expr {
	for i, other := range *navs {
		if sameNav(n, other) {
			return rex.Col(i, n.Type)
		}
	}
	*navs = append(*navs, n)
	return rex.Col(len(*navs)-1, n.Type)
}

func sameNav(a, b rowpattern.Nav) bool {
	if a.Agg != nil && b.Agg != nil && equalCalls(*a.Agg, *b.Agg) {
		a.Agg, b.Agg = nil, nil
	}
	return a.Agg == nil && b.Agg == nil && a.Kind == b.Kind && a.Set == b.Set && a.First == b.First && a.Offset == b.Offset &&
		a.Physical == b.Physical && a.Final == b.Final && a.Column == b.Column
}

// build binds MEASURES and makes the nodes.
func (mb *matchBinder) build() (logical.Node, error) {
	measures := make([]rex.Expr, len(mb.m.Measures))
	names := make([]string, len(mb.m.Measures))
	for i, measure := range mb.m.Measures {
		bound, err := mb.expr(measure.Expr, "MEASURES")
		if err != nil {
			return nil, err
		}
		names[i] = measure.Name.Text
		measures[i] = bound.Map(func(x rex.Expr) rex.Expr {
			if x.Kind != rex.Input {
				return x
			}
			n := mb.nav(x.Index)
			if n.Kind == rowpattern.Aggregate && mb.spec.Unmatched {
				n.Type = n.Type.WithNullable(true)
			}
			return readNav(&mb.spec.Outputs, n)
		})
	}
	leading, trailing := mb.allRows()
	input := logical.NewProject(mb.input.node, mb.columns, mb.columnNames)
	match := logical.NewMatch(input, mb.spec, mb.m.Pos())
	schema := match.Props().Schema
	first := len(leading)
	exprs, outNames := logical.Cols(schema, logical.Range(0, first)), leading
	for i, measure := range measures {
		exprs = append(exprs, shift(measure, first))
		outNames = append(outNames, names[i])
	}
	exprs = append(exprs, logical.Cols(schema, logical.Range(len(schema)-len(trailing), len(schema)))...)
	outNames = append(outNames, trailing...)
	return logical.NewProject(match, exprs, outNames), mb.distinctNames(outNames)
}

// allRows lays out the columns besides the measures: with ALL ROWS PER MATCH those of
// PARTITION BY and ORDER BY come first and the input's others last.
func (mb *matchBinder) allRows() (leading, trailing []string) {
	s := &mb.spec
	if s.AllRows {
		order := []int{s.Time}
		for _, k := range s.Ties {
			order = append(order, k.Column)
		}
		for _, c := range order {
			if !slices.Contains(s.Leading, c) {
				s.Leading = append(s.Leading, c)
			}
		}
		for _, c := range mb.input.scope.columns {
			if at := mb.column(c.expr); !slices.Contains(s.Leading, at) && !slices.Contains(s.Trailing, at) {
				s.Trailing = append(s.Trailing, at)
				trailing = append(trailing, c.name)
			}
		}
	}
	for i, c := range s.Leading {
		leading = append(leading, mb.leadingName(i, c))
	}
	return leading, trailing
}

func (mb *matchBinder) leadingName(i, column int) string {
	for _, c := range mb.input.scope.columns {
		if c.expr.Equal(mb.columns[column]) {
			return c.name
		}
	}
	return "EXPR$" + itoa(i)
}

// distinctNames refuses two columns of one name.
func (mb *matchBinder) distinctNames(names []string) error {
	for i, measure := range mb.m.Measures {
		count := 0
		for _, n := range names {
			if n == mb.m.Measures[i].Name.Text {
				count++
			}
		}
		if count > 1 {
			return errs.Userf("MATCH_RECOGNIZE gives two columns called %s", measure.Name.Text).At(measure.Name.Pos()).
				WithHint("give the measure another name")
		}
	}
	return nil
}

var matchTimeType = types.TimestampLTZOf(3).NotNull()
