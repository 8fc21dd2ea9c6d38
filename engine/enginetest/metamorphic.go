package enginetest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
)

// Case is a query over tables in memory that must give the same result under all
// circumstances.
type Case struct {
	Name string
	// DDL declares the tables of Input and the table "out", connector "memory".
	DDL string
	// Insert is the statement that fills "out".
	Insert string
	// Input are the rows of each table by split. Within a split, rows are out of
	// order by less than the watermark's delay.
	Input map[string][][]string
	// Appends tells that "out" must never take a row away.
	Appends bool
}

// Circumstance is what must not matter.
type Circumstance struct {
	Parallelism int
	BatchRows   int
	// Checkpoints are taken all the time.
	Checkpoints bool
	// Cuts are shares of the input, in percent and ascending: when so much of it has
	// been given, the job is interrupted.
	Cuts []int
	// Crash interrupts without a last checkpoint; else the job stops with one.
	Crash bool
	// Rescale is the parallelism after an interruption; 0 leaves it.
	Rescale int
	// Reopen closes and opens the engine at each interruption.
	Reopen bool
}

// String names the circumstance.
func (c Circumstance) String() string {
	s := fmt.Sprintf("parallelism=%d,batch=%d", c.Parallelism, c.BatchRows)
	if c.Checkpoints {
		s += ",checkpoints"
	}
	if len(c.Cuts) > 0 {
		s += fmt.Sprintf(",cuts=%v", c.Cuts)
	}
	if c.Crash {
		s += ",crash"
	}
	if c.Rescale > 0 {
		s += fmt.Sprintf(",rescale=%d", c.Rescale)
	}
	if c.Reopen {
		s += ",reopen"
	}
	return strings.ReplaceAll(s, " ", "+")
}

// Circumstances are those that every case is run under.
func Circumstances() []Circumstance {
	return []Circumstance{
		{Parallelism: 1, BatchRows: 1},
		{Parallelism: 1, BatchRows: 2, Checkpoints: true},
		{Parallelism: 2, BatchRows: 3},
		{Parallelism: 4, BatchRows: 8192, Checkpoints: true},
		{Parallelism: 3, BatchRows: 5, Checkpoints: true},
		{Parallelism: 1, BatchRows: 4, Cuts: []int{50}},
		{Parallelism: 2, BatchRows: 4, Cuts: []int{30, 60}, Reopen: true},
		{Parallelism: 1, BatchRows: 4, Cuts: []int{40}, Rescale: 4},
		{Parallelism: 4, BatchRows: 2, Cuts: []int{20, 80}, Rescale: 2},
		{Parallelism: 2, BatchRows: 3, Cuts: []int{33, 66}, Crash: true, Checkpoints: true},
		{Parallelism: 1, BatchRows: 100, Cuts: []int{10, 50, 90}, Crash: true, Checkpoints: true},
		{Parallelism: 3, BatchRows: 7, Cuts: []int{50}, Crash: true, Checkpoints: true, Rescale: 1},
	}
}

// Run runs a case under the plainest circumstance, and checks that all others give
// the same folded table. It returns that table.
func (c Case) Run(t *testing.T) []string {
	t.Helper()
	want := c.Result(t, Circumstance{Parallelism: 1, BatchRows: 4096})
	for _, circumstance := range Circumstances() {
		t.Run(circumstance.String(), func(t *testing.T) {
			got := c.Result(t, circumstance)
			if !slices.Equal(got, want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
	return want
}

// run is one run of a case.
type run struct {
	c      Case
	how    Circumstance
	dir    string
	tables *Tables
	engine *engine.Engine
	job    *engine.Job
	given  map[string][]int
	// read are the tables that the plan reads; a rule may have found that a table
	// can't matter.
	read map[string]bool
}

// Result runs a case once and folds what it wrote.
func (c Case) Result(t *testing.T, how Circumstance) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := &run{c: c, how: how, dir: t.TempDir(), tables: NewTables(), given: map[string][]int{}}
	for name, splits := range c.Input {
		r.tables.Table(name).SetSplits(true, make([][]string, len(splits))...)
		r.given[name] = make([]int, len(splits))
	}
	err := r.play(ctx)
	if r.engine != nil {
		if closeErr := r.close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		t.Fatal(engine.Render(err, "", c.DDL+c.Insert))
	}
	out := r.tables.Table("out").Rows()
	if c.Appends {
		for _, row := range out {
			if !strings.HasPrefix(row, "+I ") {
				t.Errorf("row %q in an insert-only result", row)
			}
		}
	}
	table, err := Fold(out)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// play runs the job through all interruptions to its end.
func (r *run) play(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if _, err := r.engine.Execute(ctx, r.c.DDL); err != nil {
		return err
	}
	if err := r.findRead(ctx); err != nil {
		return err
	}
	results, err := r.engine.Execute(ctx, r.c.Insert)
	if err != nil {
		return err
	}
	r.job = results[0].Job
	for _, cut := range r.how.Cuts {
		if len(r.read) == 0 {
			break // the job ends by itself
		}
		r.give(cut)
		if err := r.interrupt(ctx); err != nil {
			return err
		}
	}
	r.give(100)
	for name := range r.c.Input {
		r.tables.Table(name).Finish()
	}
	return r.wait(ctx)
}

// findRead asks the plan which tables it reads.
func (r *run) findRead(ctx context.Context) error {
	explained, err := r.engine.Execute(ctx, "EXPLAIN "+r.c.Insert)
	if err != nil {
		return err
	}
	r.read = map[string]bool{}
	for _, m := range sourceInPlan.FindAllStringSubmatch(explained[0].Message, -1) {
		r.read[m[1]] = true
	}
	return nil
}

// sourceInPlan matches a source's line in EXPLAIN.
var sourceInPlan = regexp.MustCompile(`Source\[\d+\]\((\w+)`)

func (r *run) open(ctx context.Context) error {
	eng, err := engine.Open(ctx, engine.Options{DataDir: r.dir, Parallelism: r.how.Parallelism, BatchRows: r.how.BatchRows,
		KeyGroups: 16, Connectors: []connector.Connector{r.tables.Connector()}})
	r.engine = eng
	return err
}

// close closes the engine; all batches must have been given back.
func (r *run) close() error {
	eng := r.engine
	r.engine = nil
	if err := eng.Close(); err != nil {
		return err
	}
	if n := eng.AllocatedBytes(); n != 0 {
		return fmt.Errorf("%d bytes of batches were not given back", n)
	}
	return nil
}

// give gives the rows of every split up to a share of its input.
func (r *run) give(percent int) {
	for name, splits := range r.c.Input {
		for i, rows := range splits {
			to := len(rows) * percent / 100
			r.tables.Table(name).Append(i, rows[r.given[name][i]:to]...)
			r.given[name][i] = to
		}
	}
}

// interrupt waits until the job has read what there is, ends it, and starts it
// again.
func (r *run) interrupt(ctx context.Context) error {
	for name := range r.c.Input {
		if !r.read[name] {
			continue
		}
		if err := r.tables.Table(name).WaitRead(ctx); err != nil {
			return err
		}
		defer r.tables.Table(name).ForgetReads()
	}
	if r.how.Checkpoints {
		if _, err := r.job.Checkpoint(ctx); err != nil {
			return err
		}
	}
	if r.how.Crash {
		if err := r.job.Cancel(ctx); err != nil {
			return err
		}
	} else if !r.how.Reopen {
		if err := r.job.Stop(ctx); err != nil {
			return err
		}
	}
	if r.how.Reopen {
		return r.reopen(ctx)
	}
	parallelism := r.how.Rescale
	if parallelism == 0 {
		parallelism = r.how.Parallelism
	}
	job, err := r.engine.ResumeAt(ctx, r.job.ID(), parallelism)
	r.job = job
	return err
}

// reopen closes and opens the engine, which resumes the job by itself.
func (r *run) reopen(ctx context.Context) error {
	if err := r.close(); err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	job, ok := r.engine.Job(r.job.ID())
	if !ok {
		return fmt.Errorf("the job %s is gone", r.job.ID())
	}
	r.job = job
	return nil
}

// wait waits for the job's end, taking checkpoints all the while.
func (r *run) wait(ctx context.Context) error {
	for r.how.Checkpoints {
		if _, err := r.job.Checkpoint(ctx); err != nil {
			break
		}
	}
	return r.job.Wait(ctx)
}
