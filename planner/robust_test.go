package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/planner/rules"
)

// TestEachRuleOff plans every golden query without each of the rules in turn: a
// rule may make plans better, but no other rule may lean on it.
func TestEachRuleOff(t *testing.T) {
	for _, file := range []string{"nexmark", "plan", "rules", "bind"} {
		w := newWorld(t)
		datadriven.RunTest(t, filepath.Join("testdata", file), func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "catalog" {
				if err := w.define(d.Input); err != nil {
					t.Fatal(err)
				}
				return d.Expected
			}
			stmt, err := single(d.Input)
			if err != nil || d.Cmd == "explain" {
				return d.Expected
			}
			p := New(w.cat, options(d))
			bound, err := p.bind(stmt)
			if err != nil {
				return d.Expected
			}
			for _, r := range rules.All() {
				ctx := &rules.Context{Catalog: w.cat, Functions: w.cat.Functions(), Off: map[string]bool{r.Name: true}}
				out, err := rules.Apply(ctx, bound)
				if err == nil {
					_, err = p.physical(out)
				}
				if err != nil && errs.ClassOf(err) == errs.Bug {
					t.Errorf("%s: without %s: %v", d.Pos, r.Name, err)
				}
			}
			return d.Expected
		})
	}
}

// TestLongConditionsPlanFast bounds the cost of conditions with thousands of terms.
func TestLongConditionsPlanFast(t *testing.T) {
	w := newWorld(t)
	if err := w.define("CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'test')"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ op, term string }{{" OR ", "a = %"}, {" AND ", "a <> %"}, {" OR ", "a = % AND b = 'x%'"}} {
		terms := make([]string, 9000)
		for i := range terms {
			terms[i] = strings.ReplaceAll(c.term, "%", strings.Repeat("1", 1+i%8)+string(rune('0'+i%10)))
		}
		stmt, err := single("SELECT a FROM t WHERE " + strings.Join(terms, c.op))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := New(w.cat, Options{}).Plan(stmt); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%d terms of %q took %v", len(terms), c.term, took)
		}
	}
}

// TestDecodeRefusesWhatIsNoPlan feeds damaged and future plans.
func TestDecodeRefusesWhatIsNoPlan(t *testing.T) {
	w := newWorld(t)
	if err := w.define("CREATE TABLE t (a INT) WITH ('connector' = 'test')"); err != nil {
		t.Fatal(err)
	}
	stmt, err := single("SELECT a, COUNT(*) FROM t GROUP BY a")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(w.cat, Options{}).Plan(stmt)
	if err != nil {
		t.Fatal(err)
	}
	good, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for cut := range good {
		if _, err := plan.Decode(good[:cut]); errs.ClassOf(err) != errs.Corruption {
			t.Fatalf("a plan cut at %d: %v", cut, err)
		}
	}
	p.Version = plan.Version + 1
	future, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Decode(future); errs.ClassOf(err) != errs.Unsupported {
		t.Errorf("a plan of a newer format: %v", err)
	}
}

// TestValidateFindsBrokenPlans breaks a plan in each way that matters.
func TestValidateFindsBrokenPlans(t *testing.T) {
	for name, damage := range map[string]func(p *plan.Plan){
		"id":       func(p *plan.Plan) { p.Nodes[1].ID = 7 },
		"order":    func(p *plan.Plan) { p.Nodes[1].Inputs[0].Node = 2 },
		"details":  func(p *plan.Plan) { p.Nodes[0].Source = nil },
		"inputs":   func(p *plan.Plan) { p.Nodes[1].Inputs = nil },
		"exchange": func(p *plan.Plan) { p.Nodes[1].Inputs[0].Keys = []int{9} },
		"uid":      func(p *plan.Plan) { p.Nodes[1].UID = p.Nodes[0].UID },
		"key":      func(p *plan.Plan) { p.Nodes[1].GroupAgg.Keys = []int{5} },
		"time":     func(p *plan.Plan) { p.Nodes[1].Rowtime = 5 },
	} {
		w := newWorld(t)
		if err := w.define("CREATE TABLE t (a INT) WITH ('connector' = 'test', 'takes' = 'columns')"); err != nil {
			t.Fatal(err)
		}
		stmt, err := single("SELECT a, COUNT(*) FROM t GROUP BY a")
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(w.cat, Options{}).Plan(stmt)
		if err != nil {
			t.Fatal(err)
		}
		damage(p)
		if p.Validate() == nil {
			t.Errorf("damage %s goes unnoticed", name)
		}
	}
}

// TestPlansAreDeterministic plans a query of many branches again and again.
func TestPlansAreDeterministic(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile("testdata/nexmark")
	if err != nil {
		t.Fatal(err)
	}
	_, ddl, _ := strings.Cut(string(text), "catalog\n")
	ddl, _, _ = strings.Cut(ddl, "----")
	if err := w.define(ddl); err != nil {
		t.Fatal(err)
	}
	stmt, err := single("SELECT b.auction, p.name, a.id FROM bid b JOIN person p ON b.bidder = p.id JOIN auction a ON a.seller = p.id")
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for range 10 {
		p, err := New(w.cat, Options{}).Plan(stmt)
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(bytes)
		}
		if first != string(bytes) {
			t.Fatal("the same statement gave two plans")
		}
	}
}
