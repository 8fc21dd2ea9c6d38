package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = types.Schema{{Name: "v", Type: types.Of(types.BigInt)}}

// log is what happened in a task, in order.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *log) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// Acked, SourceEnded and SplitEnded make log a task.Reporter.
func (l *log) Acked(a task.Ack) {
	l.add("ack %s %d", a.Barrier.Kind, a.Barrier.Epoch)
	for _, n := range a.Nodes {
		for _, s := range n.Splits {
			l.add("  split %s position=%s ended=%t", s.Split.ID, s.Position, s.Ended)
		}
	}
}

func (l *log) SourceEnded(graph.TaskID) { l.add("source ended") }

func (l *log) SplitEnded(_ graph.TaskID, _ plan.NodeID, s connector.SplitID) {
	l.add("split %s ended", s)
}

// recorder is an operator that logs its calls and passes everything on.
type recorder struct {
	log  *log
	name string
	// held makes it hold rows back until Flush.
	held  bool
	batch stream.Batch
	fail  error
}

func (r *recorder) Open(*op.Context) error {
	r.log.add("%s open", r.name)
	return nil
}

func (r *recorder) Process(_ int, b stream.Batch, out op.Output) error {
	if r.fail != nil {
		return r.fail
	}
	r.log.add("%s rows %s", r.name, strings.Join(stream.FormatRows(b), ", "))
	if r.held {
		r.batch = b.Retain()
		return nil
	}
	return out.Emit(b.Retain())
}

func (r *recorder) Advance(wm stream.Watermark, out op.Output) error {
	text := time.Duration(wm * 1e6).String()
	if wm == stream.EndOfTime {
		text = "end"
	}
	r.log.add("%s watermark %s", r.name, text)
	return out.Watermark(wm)
}

func (r *recorder) Flush(out op.Output) error {
	if !r.held || r.batch.Record == nil {
		return nil
	}
	r.log.add("%s flush", r.name)
	b := r.batch
	r.batch = stream.Batch{}
	return out.Emit(b)
}

func (r *recorder) Close() error {
	r.log.add("%s close", r.name)
	r.batch.Release()
	return nil
}

// assigner gives each row's v, in seconds, as its watermark.
type assigner struct {
	recorder
	last int64
}

func (a *assigner) Process(_ int, b stream.Batch, out op.Output) error {
	last := a.last
	for i := range b.Rows() {
		var v int64
		if _, err := fmt.Sscanf(stream.FormatRow(b, i), "+I v=%d", &v); err != nil {
			return err
		}
		last = max(last, v)
	}
	a.last = last
	if err := out.Emit(b.Retain()); err != nil {
		return err
	}
	return out.Watermark(stream.Watermark(last * 1000))
}

func node(id int, o op.Operator, consumers ...int) task.Node {
	return task.Node{ID: plan.NodeID(id), Label: fmt.Sprintf("N[%d]", id), Consumers: consumers, Metrics: task.NewMetrics(),
		Build: func() (task.Instance, error) { return task.Instance{Operator: o}, nil }}
}

func rowsOf(t *testing.T, alloc memory.Allocator, vs ...int) stream.Element {
	t.Helper()
	var lines []string
	for _, v := range vs {
		lines = append(lines, fmt.Sprintf("+I v=%d", v))
	}
	b, err := stream.ParseRows(alloc, schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return stream.Element{Kind: stream.ElementBatch, Batch: b}
}

// gateTask runs a chain of operators behind one queue in a bubble.
func gateTask(t *testing.T, l *log, nodes []task.Node, drive func(ctx context.Context, q *exchange.Queue, alloc memory.Allocator)) error {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	var err error
	synctest.Test(t, func(t *testing.T) {
		q := exchange.NewQueue(exchange.DefaultLimits())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan error, 1)
		go func() {
			done <- task.Run(ctx, task.Config{Nodes: nodes, Gate: exchange.NewGate([][]exchange.Receiver{{q}}), Latency: 5 * time.Millisecond,
				Clock: func() int64 { return time.Now().UnixMilli() }, Report: l})
		}()
		drive(ctx, q, alloc)
		err = <-done
	})
	alloc.AssertSize(t, 0)
	return err
}

func send(t *testing.T, q *exchange.Queue, elements ...stream.Element) {
	t.Helper()
	for _, e := range elements {
		if err := q.Send(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func expect(t *testing.T, l *log, want string) {
	t.Helper()
	want = strings.TrimSpace(want)
	if got := l.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBarrierComesAfterWhatWasHeldBackAndEndsTheTaskWhenItIsTheLast(t *testing.T) {
	l := &log{}
	nodes := []task.Node{node(0, &recorder{log: l, name: "a", held: true}, 1), node(1, &recorder{log: l, name: "b"})}
	err := gateTask(t, l, nodes, func(_ context.Context, q *exchange.Queue, alloc memory.Allocator) {
		send(t, q, rowsOf(t, alloc, 1), stream.Element{Kind: stream.ElementBarrier, Barrier: stream.Barrier{Epoch: 1}},
			rowsOf(t, alloc, 2), stream.Element{Kind: stream.ElementBarrier, Barrier: stream.Barrier{Epoch: 2, Kind: stream.Stop}})
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, l, `
a open
b open
a rows +I v=1
a flush
b rows +I v=1
ack checkpoint 1
a rows +I v=2
a flush
b rows +I v=2
ack stop 2
b close
a close`)
}

func TestRowsAreHeldBackNoLongerThanTheLatencyBound(t *testing.T) {
	l := &log{}
	nodes := []task.Node{node(0, &recorder{log: l, name: "a", held: true}, 1), node(1, &recorder{log: l, name: "b"})}
	err := gateTask(t, l, nodes, func(_ context.Context, q *exchange.Queue, alloc memory.Allocator) {
		send(t, q, rowsOf(t, alloc, 1))
		synctest.Wait()
		if strings.Contains(l.text(), "b rows") {
			t.Error("rows came before the bound")
		}
		<-time.After(5 * time.Millisecond)
		synctest.Wait()
		if !strings.Contains(l.text(), "b rows") {
			t.Error("rows did not come after the bound")
		}
		send(t, q, stream.Element{Kind: stream.ElementEnd})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatermarkThatDoesNotGrowIsNotPassedOn(t *testing.T) {
	l := &log{}
	nodes := []task.Node{node(0, &recorder{log: l, name: "a"}, 1), node(1, &recorder{log: l, name: "b"})}
	err := gateTask(t, l, nodes, func(_ context.Context, q *exchange.Queue, _ memory.Allocator) {
		for _, wm := range []stream.Watermark{1000, 2000, 2000, 1000} {
			send(t, q, stream.Element{Kind: stream.ElementWatermark, Watermark: wm})
			synctest.Wait()
		}
		send(t, q, stream.Element{Kind: stream.ElementEnd})
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, l, "a open\nb open\na watermark 1s\nb watermark 1s\na watermark 2s\nb watermark 2s\nb close\na close")
}

func TestFailureNamesTheNodeOnceAndClosesEverything(t *testing.T) {
	l := &log{}
	broken := &recorder{log: l, name: "b", fail: errors.New("no")}
	nodes := []task.Node{node(0, &recorder{log: l, name: "a"}, 1), node(1, broken)}
	err := gateTask(t, l, nodes, func(_ context.Context, q *exchange.Queue, alloc memory.Allocator) { send(t, q, rowsOf(t, alloc, 1)) })
	if err == nil || err.Error() != "N[1]: no" {
		t.Errorf("error %v", err)
	}
	expect(t, l, "a open\nb open\na rows +I v=1\nb close\na close")
}

// splitSource reads numbers out of slices, one a batch; nil stands for "nothing for
// now".
type splitSource struct {
	alloc memory.Allocator
	t     *testing.T
}

func (s *splitSource) Apply(connector.Pushdown) (connector.Applied, error) {
	return connector.Applied{}, nil
}
func (s *splitSource) Bounded() bool { return true }
func (s *splitSource) Discover(context.Context, []connector.SplitID, int) ([]connector.Split, error) {
	return nil, nil
}

func (s *splitSource) Open(_ context.Context, split connector.Split, position []byte, _ connector.ReaderEnv) (connector.Reader, error) {
	r := &splitReader{source: s, values: split.Payload}
	if position != nil {
		r.at = int(position[0] - '0')
	}
	return r, nil
}

// panics is a number that a reader can't read.
const panics = 255

type splitReader struct {
	source *splitSource
	values []byte
	at     int
}

func (r *splitReader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	if r.at == len(r.values) {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	v := int(r.values[r.at])
	if v == 0 { // blocks
		select {
		case <-wait:
			return stream.Batch{}, nil
		case <-ctx.Done():
			return stream.Batch{}, ctx.Err()
		}
	}
	if v == panics {
		panic("a broken record")
	}
	r.at++
	return rowsOf(r.source.t, r.source.alloc, v).Batch, nil
}

func (r *splitReader) Position() []byte   { return []byte{byte('0' + r.at)} }
func (r *splitReader) Lag() connector.Lag { return connector.Lag{} }
func (r *splitReader) Close() error       { return nil }

// sourceTask runs a source with one assigner and a recorder, which feeds out.
func sourceTask(t *testing.T, l *log, bounded bool, drive func(c *task.Commands, cancel func()), out ...exchange.Sender) error {
	t.Helper()
	return alignedTask(t, l, bounded, nil, drive, out...)
}

// drowsyAt is from where a split says that it is idle, each time it is told the time.
const drowsyAt = 100

// Tick implements op.Ticker.
func (a *assigner) Tick(_ int64, out op.Output) error {
	if o := out.(op.IdleOutput); a.last >= drowsyAt && !o.Paused() {
		return o.Idle()
	}
	return nil
}

// alignedTask is sourceTask whose splits go on in step, no more than five seconds ahead.
func alignedTask(t *testing.T, l *log, bounded bool, align *task.Alignment, drive func(c *task.Commands, cancel func()), out ...exchange.Sender) error {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	var err error
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		commands := task.NewCommands()
		assign := node(1, nil, 2)
		assign.Assigner, assign.Stateless, assign.Align, assign.DriftMillis = true, true, align, 5000
		assign.Build = func() (task.Instance, error) {
			return task.Instance{Operator: &assigner{recorder: recorder{log: &log{}}}}, nil
		}
		nodes := []task.Node{{Label: "Source[0]", Consumers: []int{1}, Metrics: task.NewMetrics()}, assign, node(2, &recorder{log: l, name: "r"})}
		if len(out) > 0 {
			nodes[2].Writers = []*exchange.Writer{exchange.NewWriter(exchange.Forward{}, out)}
		}
		done := make(chan error, 1)
		go func() {
			done <- task.Run(ctx, task.Config{Nodes: nodes, Latency: time.Millisecond, Clock: func() int64 { return time.Now().UnixMilli() }, Report: l,
				Source: &task.Source{Source: &splitSource{alloc: alloc, t: t}, Bounded: bounded, Commands: commands, Progress: &task.Progress{}}})
		}()
		drive(commands, cancel)
		err = <-done
	})
	alloc.AssertSize(t, 0)
	return err
}

func split(id string, values ...byte) task.Split {
	return task.Split{Split: connector.Split{ID: connector.SplitID(id), Payload: values}}
}

// readAll has a bounded source read splits to their ends.
func readAll(t *testing.T, l *log, align *task.Alignment, splits ...task.Split) {
	t.Helper()
	if err := alignedTask(t, l, true, align, func(c *task.Commands, _ func()) {
		c.AddSplits(splits, true)
		synctest.Wait()
		c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Final})
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSplitsReadInTurnDoNotMakeEachOthersRowsLate(t *testing.T) {
	l := &log{}
	readAll(t, l, nil, split("a", 9, 20), split("b", 1, 2, 30))
	expect(t, l, `
r open
r rows +I v=9
r rows +I v=1
r watermark 1s
r rows +I v=20
r rows +I v=2
r watermark 2s
split a ended
r rows +I v=30
r watermark 30s
split b ended
r watermark end
source ended
ack final 1
  split a position= ended=true
  split b position= ended=true
r close`)
}

func TestAlignedSplitsWaitForTheSlowest(t *testing.T) {
	l := &log{}
	readAll(t, l, task.NewAlignment(), split("a", 9, 20, 21), split("b", 1, 2, 4, 16, 17))
	// a waits at 9 until b is at 4, b at 16 for a, and at the end neither for the other.
	expect(t, l, `
r open
r rows +I v=9
r rows +I v=1
r watermark 1s
r rows +I v=2
r watermark 2s
r rows +I v=4
r watermark 4s
r rows +I v=20
r rows +I v=16
r watermark 16s
r rows +I v=21
r rows +I v=17
r watermark 17s
split a ended
split b ended
r watermark end
source ended
ack final 1
  split a position= ended=true
  split b position= ended=true
r close`)
}

// TestAlignedReadersWait has a split that stands at 1 and blocks, so that the other has to
// wait, which is no idleness.
func TestAlignedReadersWait(t *testing.T) {
	for _, bounded := range []bool{true, false} {
		l := &log{}
		err := alignedTask(t, l, bounded, task.NewAlignment(), func(c *task.Commands, _ func()) {
			c.AddSplits([]task.Split{split("b", 1, 0)}, false)
			synctest.Wait()
			c.AddSplits([]task.Split{split("a", drowsyAt, 110, 120, 0)}, false)
			<-time.After(time.Minute)
			c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Stop})
		})
		if err != nil {
			t.Fatal(err)
		}
		// One batch may have been read before the one in front of it told where the split is.
		if got := l.text(); !strings.Contains(got, "v=100") || strings.Contains(got, "v=120") {
			t.Errorf("bounded=%t: a split ran away from the slowest:\n%s", bounded, got)
		}
	}
}

// TestEndedSplitsAreNotWaitedFor has the slowest split end.
func TestEndedSplitsAreNotWaitedFor(t *testing.T) {
	l := &log{}
	readAll(t, l, task.NewAlignment(), split("a", 9, 20, 30), split("b", 1))
	if got := l.text(); strings.Index(got, "split b ended") > strings.Index(got, "v=20") || !strings.Contains(got, "v=30") {
		t.Errorf("a split did not wait for another until it ended:\n%s", got)
	}
}

func TestPanickingReaderFailsItsTaskAndNotTheProcess(t *testing.T) {
	err := sourceTask(t, &log{}, false, func(c *task.Commands, _ func()) {
		c.AddSplits([]task.Split{split("a", 1, panics)}, false)
	})
	if err == nil || errs.ClassOf(err) != errs.Bug || !strings.Contains(err.Error(), "Source[0], split a: reading panicked: a broken record") {
		t.Errorf("got %v", err)
	}
}

func TestRestoredSplitsGoOnWhereTheyWere(t *testing.T) {
	l := &log{}
	err := sourceTask(t, l, true, func(c *task.Commands, _ func()) {
		a, b := split("a", 9, 3), split("b", 4)
		a.Position, a.Watermarks = []byte("1"), []stream.Watermark{9000}
		b.Ended = true
		c.AddSplits([]task.Split{a, b}, true)
		synctest.Wait()
		c.Inject(stream.Barrier{Epoch: 5, Kind: stream.Final})
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, l, `
r open
r rows +I v=3
split a ended
r watermark end
source ended
ack final 5
  split a position= ended=true
  split b position= ended=true
r close`)
}

func TestBarrierReachesABlockedReader(t *testing.T) {
	for _, bounded := range []bool{true, false} {
		l := &log{}
		err := sourceTask(t, l, bounded, func(c *task.Commands, _ func()) {
			c.AddSplits([]task.Split{split("a", 5, 0)}, true)
			synctest.Wait()
			c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Stop})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.text(); !strings.Contains(got, "ack stop 1\n  split a position=1 ended=false") {
			t.Errorf("bounded=%t:\n%s", bounded, got)
		}
	}
}

func TestEndedSplitHoldsTimeBackUntilItsChildrenAreGiven(t *testing.T) {
	l := &log{}
	err := sourceTask(t, l, false, func(c *task.Commands, _ func()) {
		c.AddSplits([]task.Split{split("parent", 5), split("other", 30, 0)}, false)
		synctest.Wait()
		if got := l.text(); !strings.Contains(got, "split parent ended") || strings.Contains(got, "watermark 30s") {
			t.Errorf("before the child:\n%s", got)
		}
		c.AddSplits([]task.Split{split("child", 7, 0)}, false)
		c.Settled([]connector.SplitID{"parent"})
		synctest.Wait()
		c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Stop})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.text(); !strings.Contains(got, "watermark 7s") || strings.Contains(got, "watermark 30s") {
		t.Errorf("with the child:\n%s", got)
	}
}

func TestTaskWhoseSplitsHaveAllEndedIsIdle(t *testing.T) {
	q := exchange.NewQueue(exchange.DefaultLimits())
	var kinds []stream.ElementKind
	err := sourceTask(t, &log{}, false, func(c *task.Commands, _ func()) {
		c.AddSplits([]task.Split{split("a", 5)}, false)
		synctest.Wait()
		c.Settled([]connector.SplitID{"a"})
		synctest.Wait()
		c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Stop})
		synctest.Wait()
		for e, ok := q.Poll(); ok; e, ok = q.Poll() {
			e.Batch.Release()
			kinds = append(kinds, e.Kind)
		}
	}, q)
	if err != nil {
		t.Fatal(err)
	}
	want := []stream.ElementKind{stream.ElementBatch, stream.ElementWatermark, stream.ElementIdle, stream.ElementBarrier, stream.ElementEnd}
	if !slices.Equal(kinds, want) {
		t.Errorf("sent %v, want %v", kinds, want)
	}
}

func TestDrainSendsTheEndOfTimeAndKeepsPositions(t *testing.T) {
	l := &log{}
	err := sourceTask(t, l, false, func(c *task.Commands, _ func()) {
		c.AddSplits([]task.Split{split("a", 5, 0), split("b", 6, 0)}, true)
		synctest.Wait()
		c.Drain()
		synctest.Wait()
		c.Inject(stream.Barrier{Epoch: 1, Kind: stream.Final})
	})
	if err != nil {
		t.Fatal(err)
	}
	got := l.text()
	for _, want := range []string{"r watermark end\nsource ended\nack final 1", "split a position=1 ended=false", "split b position=1 ended=false"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestCancelledSourceEndsWhileItsReadersBlock(t *testing.T) {
	for _, bounded := range []bool{true, false} {
		l := &log{}
		err := sourceTask(t, l, bounded, func(c *task.Commands, cancel func()) {
			c.AddSplits([]task.Split{split("a", 5, 0), split("b", 0)}, false)
			synctest.Wait()
			cancel()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("bounded=%t: error %v", bounded, err)
		}
		if lines := strings.Split(l.text(), "\n"); !slices.Contains(lines, "r close") {
			t.Errorf("bounded=%t:\n%s", bounded, l.text())
		}
	}
}

// fires is an operator that gives a row for each watermark, as windows do.
type fires struct {
	recorder
	t     *testing.T
	alloc memory.Allocator
}

func (f *fires) Advance(wm stream.Watermark, out op.Output) error {
	if err := out.Emit(rowsOf(f.t, f.alloc, 7).Batch); err != nil {
		return err
	}
	return out.Watermark(wm)
}

func TestRowsThatAWatermarkMakesAreHeldBackNoLongerThanTheLatencyBound(t *testing.T) {
	l := &log{}
	first := &fires{recorder: recorder{log: &log{}}, t: t, alloc: memory.NewGoAllocator()}
	nodes := []task.Node{node(0, first, 1), node(1, &recorder{log: l, name: "b", held: true}, 2), node(2, &recorder{log: l, name: "c"})}
	err := gateTask(t, l, nodes, func(_ context.Context, q *exchange.Queue, _ memory.Allocator) {
		send(t, q, stream.Element{Kind: stream.ElementWatermark, Watermark: 1000})
		<-time.After(5 * time.Millisecond)
		synctest.Wait()
		if !strings.Contains(l.text(), "c rows") {
			t.Error("rows did not come after the bound")
		}
		send(t, q, stream.Element{Kind: stream.ElementEnd})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// drops is an operator that takes a millisecond to pass nothing on, ticks counts how
// often it is told the time.
type drops struct{ recorder }

func (*drops) Process(int, stream.Batch, op.Output) error {
	<-time.After(time.Millisecond)
	return nil
}

type ticks struct {
	recorder
	n int
}

func (c *ticks) Tick(int64, op.Output) error {
	c.n++
	return nil
}

func TestOperatorWithoutInputIsToldTheTimeWhileItsTaskIsBusy(t *testing.T) {
	counts := &ticks{recorder: recorder{log: &log{}}}
	nodes := []task.Node{node(0, &drops{recorder{log: &log{}}}, 1), node(1, counts)}
	err := gateTask(t, &log{}, nodes, func(_ context.Context, q *exchange.Queue, alloc memory.Allocator) {
		for range 100 {
			send(t, q, rowsOf(t, alloc, 1))
		}
		send(t, q, stream.Element{Kind: stream.ElementEnd})
	})
	if err != nil {
		t.Fatal(err)
	}
	if counts.n < 10 {
		t.Errorf("it was told the time %d times in 100 ms", counts.n)
	}
}

// idles says that it is idle whenever it is given a row.
type idles struct{ recorder }

func (i *idles) Process(_ int, _ stream.Batch, out op.Output) error {
	return out.(op.IdleOutput).Idle()
}

func TestIdlenessGoesToTheEdgesBehindItAlone(t *testing.T) {
	q := [2]*exchange.Queue{exchange.NewQueue(exchange.DefaultLimits()), exchange.NewQueue(exchange.DefaultLimits())}
	nodes := []task.Node{node(0, &recorder{log: &log{}}, 1, 2), node(1, &idles{recorder{log: &log{}}}, 3),
		node(2, &drops{recorder{log: &log{}}}), node(3, &recorder{log: &log{}})}
	for i, n := range []int{3, 2} {
		nodes[n].Writers = []*exchange.Writer{exchange.NewWriter(exchange.Forward{}, []exchange.Sender{q[i]})}
	}
	err := gateTask(t, &log{}, nodes, func(_ context.Context, in *exchange.Queue, alloc memory.Allocator) {
		send(t, in, rowsOf(t, alloc, 1), stream.Element{Kind: stream.ElementEnd})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []stream.ElementKind{stream.ElementIdle, stream.ElementEnd} {
		if e, _ := q[i].Poll(); e.Kind != want {
			t.Errorf("edge %d was given %s first, want %s", i, e.Kind, want)
		}
	}
}
