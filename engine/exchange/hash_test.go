package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
)

// catcher is a sender that keeps what it is sent.
type catcher struct{ rows []string }

func (c *catcher) Send(_ context.Context, e stream.Element) error {
	c.rows = append(c.rows, stream.FormatRows(e.Batch)...)
	e.Batch.Release()
	return nil
}

// owner finds the task of one row the slow way.
func owner(t *testing.T, b stream.Batch, row, groups, tasks int) int {
	t.Helper()
	encoder, err := rowcodec.NewKeyEncoder([]arrow.DataType{b.Column(0).DataType()})
	if err != nil {
		t.Fatal(err)
	}
	one := b.Slice(row, row+1)
	defer one.Release()
	var keys rowcodec.Keys
	if err := encoder.Encode([]arrow.Array{one.Column(0)}, 1, &keys); err != nil {
		t.Fatal(err)
	}
	return rowcodec.TaskOfKeyGroup(rowcodec.KeyGroup(keys.Hashes[0], groups), groups, tasks)
}

func TestHashSendsEveryRowToTheOwnerOfItsKeyGroupInOrder(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []string{"+I", "-U", "+U", "-D"}
	for _, tasks := range []int{1, 2, 3, 8} {
		router, err := exchange.NewHash(exchange.HashConfig{Alloc: alloc, Schema: schema.Arrow(), Keys: []int{0}, KeyGroups: 16, Tasks: tasks})
		if err != nil {
			t.Fatal(err)
		}
		got, want := make([]*catcher, tasks), make([]catcher, tasks)
		senders := make([]exchange.Sender, tasks)
		for i := range got {
			got[i] = &catcher{}
			senders[i] = got[i]
		}
		w := exchange.NewWriter(router, senders)
		for _, n := range []int{0, 1, 2, 100, 17} {
			var rows []string
			for i := range n {
				rows = append(rows, fmt.Sprintf("%s k=k%d v=%d", kinds[random.IntN(4)], random.IntN(20), i))
			}
			b := batch(t, alloc, rows...)
			for i := range n {
				at := owner(t, b, i, 16, tasks)
				want[at].rows = append(want[at].rows, stream.FormatRow(b, i))
			}
			if err := w.Batch(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		for i := range got {
			if !slices.Equal(got[i].rows, want[i].rows) {
				t.Errorf("task %d of %d got\n%q, want\n%q", i, tasks, got[i].rows, want[i].rows)
			}
		}
	}
}

func TestRebalanceTakesTurnsAndBroadcastSendsToAll(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	run := func(router exchange.Router) []int {
		a, b := &catcher{}, &catcher{}
		w := exchange.NewWriter(router, []exchange.Sender{a, b})
		for range 3 {
			if err := w.Batch(context.Background(), batch(t, alloc, "+I k=a")); err != nil {
				t.Fatal(err)
			}
		}
		return []int{len(a.rows), len(b.rows)}
	}
	if got := run(&exchange.Rebalance{Next: 1}); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("rebalanced %v", got)
	}
	if got := run(exchange.Broadcast{}); !slices.Equal(got, []int{3, 3}) {
		t.Errorf("broadcast %v", got)
	}
}

// dropper is a sender that only releases.
type dropper struct{}

func (dropper) Send(_ context.Context, e stream.Element) error {
	e.Batch.Release()
	return nil
}

func BenchmarkHash(b *testing.B) {
	const rows, tasks = 4096, 4
	lines := make([]string, rows)
	for i := range lines {
		lines[i] = fmt.Sprintf("+I k=key%d v=%d", i%1000, i)
	}
	in := batch(b, memory.DefaultAllocator, lines...)
	for _, key := range []int{0, 1} {
		b.Run(schema[key].Name, func(b *testing.B) {
			router, err := exchange.NewHash(exchange.HashConfig{Alloc: memory.DefaultAllocator, Schema: schema.Arrow(), Keys: []int{key}, KeyGroups: 128, Tasks: tasks})
			if err != nil {
				b.Fatal(err)
			}
			w := exchange.NewWriter(router, []exchange.Sender{dropper{}, dropper{}, dropper{}, dropper{}})
			b.ReportAllocs()
			for range b.N {
				if err := w.Batch(context.Background(), in.Retain()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkQueue(b *testing.B) {
	q := exchange.NewQueue(exchange.DefaultLimits())
	g := exchange.NewGate([][]exchange.Receiver{{q}})
	in := batch(b, memory.DefaultAllocator, "+I k=a v=1")
	b.ReportAllocs()
	for range b.N {
		if err := q.Send(context.Background(), batchElement(in.Retain())); err != nil {
			b.Fatal(err)
		}
		e, err := g.Next(context.Background(), -1)
		if err != nil {
			b.Fatal(err)
		}
		e.Batch.Release()
	}
}
