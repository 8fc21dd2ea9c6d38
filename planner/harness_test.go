package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/rules"
	"github.com/thalweg/thalweg/sql"
)

// testFunctions are the real registries.
type testFunctions struct {
	scalars    *expr.Registry
	aggregates *agg.Registry
	models     map[string]catalog.Model
}

func newTestFunctions(t testing.TB) testFunctions {
	f := testFunctions{expr.NewRegistry(), agg.NewRegistry(), map[string]catalog.Model{}}
	err := f.scalars.RegisterGo("count_char", func(s, c string) int64 { return int64(strings.Count(s, c)) })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f testFunctions) Scalar(name string) (rex.Signature, bool) { return f.scalars.Scalar(name) }
func (f testFunctions) Aggregate(name string) (rex.Signature, bool) {
	return f.aggregates.Aggregate(name)
}
func (f testFunctions) Table(name string) (rex.TableSignature, bool) { return f.scalars.Table(name) }
func (f testFunctions) Model(name string) (catalog.Model, error) {
	m, ok := f.models[name]
	if !ok {
		return m, errs.Userf("there is no model `%s`", name).WithHint("CREATE MODEL declares one")
	}
	return m, nil
}

// addModel declares a model; 'provider' = 'remote' makes it one that can be called in the
// background.
func (f testFunctions) addModel(stmt *sql.CreateModel) {
	m := catalog.Model{Function: "MODEL " + strings.ToUpper(stmt.Name.Last()), Remote: stmt.With[0].Value == "remote"}
	for _, c := range stmt.Input {
		m.Input = append(m.Input, types.Field{Name: c.Name.Text, Type: c.Type})
	}
	for _, c := range stmt.Output {
		m.Output = append(m.Output, types.Field{Name: c.Name.Text, Type: c.Type})
	}
	f.models[stmt.Name.Last()] = m
}

func (f testFunctions) Names() []string {
	return append(f.scalars.Names(), f.aggregates.Names()...)
}
func (f testFunctions) Fold(e rex.Expr) (rex.Value, bool) { return f.scalars.Fold(e) }

// world is the state of one test file.
type world struct {
	t   testing.TB
	cat *catalog.Text
	// fired and quiet collect the rules that cases expect to fire and not to.
	fired, quiet map[string]bool
}

// define runs the DDL of a script against the catalog.
func (w *world) define(text string) error {
	statements, err := sql.Parse(text)
	if err != nil {
		return err
	}
	for _, stmt := range statements {
		p := New(w.cat, Options{})
		switch stmt := stmt.(type) {
		case *sql.CreateTable:
			table, err := p.BindTable(stmt)
			if err != nil {
				return err
			}
			w.cat.AddTable(table)
		case *sql.CreateView:
			view, err := p.BindView(stmt)
			if err != nil {
				return err
			}
			w.cat.AddView(view)
		case *sql.CreateModel:
			w.cat.Functions().(testFunctions).addModel(stmt)
		default:
			return errs.Userf("a catalog holds tables and views only")
		}
	}
	return nil
}

// options reads the arguments that planning commands share.
func options(d *datadriven.TestData) Options {
	o := Options{Settings: map[string]string{}}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "parallelism":
			fmt.Sscan(a.Vals[0], &o.Parallelism)
		case "set":
			o.Settings[a.Vals[0]] = a.Vals[1]
		}
	}
	return o
}

// single parses the one statement of a case.
func single(text string) (sql.Statement, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(statements) != 1 {
		return nil, errs.Userf("a case has one statement, not %d", len(statements))
	}
	return statements[0], nil
}

func (w *world) run(t *testing.T, d *datadriven.TestData) string {
	out, err := w.command(t, d)
	if err != nil {
		if d.Cmd != "error" && errs.ClassOf(err) == errs.Bug {
			d.Fatalf(t, "%v", err)
		}
		return fmt.Sprintf("%s: %s\n", errs.ClassOf(err), errs.Render(err, "", d.Input))
	}
	if d.Cmd == "error" {
		d.Fatalf(t, "expected an error, got:\n%s", out)
	}
	return out
}

func (w *world) command(t *testing.T, d *datadriven.TestData) (string, error) {
	if d.Cmd == "catalog" {
		return "", w.define(d.Input)
	}
	stmt, err := single(d.Input)
	if err != nil {
		return "", err
	}
	p := New(w.cat, options(d))
	switch d.Cmd {
	case "bind":
		roots, err := p.bind(stmt)
		if err != nil {
			return "", err
		}
		if d.HasArg("props") {
			return logical.PrintProps(roots), nil
		}
		return logical.Print(roots), nil
	case "table":
		return w.table(p, stmt)
	case "rules":
		return w.rules(t, d, p, stmt)
	case "plan", "error":
		return w.plan(t, p, stmt)
	case "explain":
		e, ok := stmt.(*sql.Explain)
		if !ok {
			d.Fatalf(t, "explain needs an EXPLAIN statement")
		}
		text, err := p.Explain(e.Statement, e.Details...)
		if d.HasArg("advice") { // and nothing else
			_, text, _ = strings.Cut(text, "== Advice ==\n")
		}
		return text, err
	case "uids":
		pl, err := p.Plan(stmt)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for i := range pl.Nodes {
			if d.HasArg("kind") && !d.HasArg("all") && !slices.Contains(argVals(d, "kind"), pl.Nodes[i].Kind.String()) {
				continue
			}
			fmt.Fprintf(&b, "%s\n", pl.Nodes[i].UID)
		}
		return b.String(), nil
	}
	d.Fatalf(t, "no such command: %s", d.Cmd)
	return "", nil
}

func argVals(d *datadriven.TestData, key string) []string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return a.Vals
		}
	}
	return nil
}

// table prints a bound declaration.
func (w *world) table(p *Planner, stmt sql.Statement) (string, error) {
	create, ok := stmt.(*sql.CreateTable)
	if !ok {
		return "", errs.Userf("table needs CREATE TABLE")
	}
	table, err := p.BindTable(create)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range table.Columns {
		fmt.Fprintf(&b, "%s %s", c.Name, c.Type)
		if c.Computed != "" {
			fmt.Fprintf(&b, " AS %s", c.Computed)
		}
		if c.Metadata != "" {
			fmt.Fprintf(&b, " METADATA FROM %s virtual=%t", c.Metadata, c.Virtual)
		}
		b.WriteByte('\n')
	}
	if w := table.Watermark; w != nil {
		fmt.Fprintf(&b, "watermark %s AS %s\n", w.Column, w.Expr)
	}
	fmt.Fprintf(&b, "key %v partitioned %v options %v\n", table.PrimaryKey, table.PartitionedBy, table.Options)
	return b.String(), nil
}

// rules prints the rewritten DAG; expect and expect-not name rules that must fire
// and must not.
func (w *world) rules(t *testing.T, d *datadriven.TestData, p *Planner, stmt sql.Statement) (string, error) {
	bound, err := p.bind(stmt)
	if err != nil {
		return "", err
	}
	ctx, err := p.context()
	if err != nil {
		return "", err
	}
	fired := map[string]bool{}
	ctx.Off, ctx.Trace = map[string]bool{}, func(rule string, _ []logical.Node) { fired[rule] = true }
	for _, off := range argVals(d, "off") {
		ctx.Off[off] = true
	}
	out, err := rules.Apply(ctx, bound)
	if err != nil {
		return "", err
	}
	for _, name := range argVals(d, "expect") {
		w.fired[name] = true
		if !fired[name] {
			d.Fatalf(t, "rule %s did not fire", name)
		}
	}
	for _, name := range argVals(d, "expect-not") {
		w.quiet[name] = true
		if fired[name] {
			d.Fatalf(t, "rule %s fired:\n%s", name, logical.Print(out))
		}
	}
	return logical.Print(out), nil
}

// plan prints the physical plan and checks that it survives msgpack.
func (w *world) plan(t *testing.T, p *Planner, stmt sql.Statement) (string, error) {
	physical, err := p.Plan(stmt)
	if err != nil {
		return "", err
	}
	roundTrip(t, physical)
	return physical.String(), nil
}

func newWorld(t testing.TB) *world {
	return &world{t: t, cat: catalog.NewText(newTestFunctions(t)), fired: map[string]bool{}, quiet: map[string]bool{}}
}

// TestGolden runs every file under testdata in a catalog of its own.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := newWorld(t)
		datadriven.RunTest(t, path, w.run)
		if strings.Contains(path, "rules") {
			for _, r := range rules.All() {
				if !w.fired[r.Name] || !w.quiet[r.Name] {
					t.Errorf("rule %s needs a case where it fires and one where it does not", r.Name)
				}
			}
		}
	})
}
