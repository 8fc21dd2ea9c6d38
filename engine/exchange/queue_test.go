package exchange_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/operators/stream"
)

func batchElement(b stream.Batch) stream.Element {
	return stream.Element{Kind: stream.ElementBatch, Batch: b}
}

func TestFullQueueBlocksItsSenderUntilThereIsRoom(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	synctest.Test(t, func(t *testing.T) {
		q := exchange.NewQueue(exchange.Limits{Rows: 2, Bytes: 1 << 20})
		ctx := context.Background()
		for range 2 {
			if err := q.Send(ctx, batchElement(batch(t, alloc, "+I k=a"))); err != nil {
				t.Fatal(err)
			}
		}
		sent := make(chan error, 1)
		go func() { sent <- q.Send(ctx, batchElement(batch(t, alloc, "+I k=b"))) }()
		synctest.Wait()
		if len(sent) > 0 || q.Rows() != 2 {
			t.Fatalf("a full queue took a batch: %d rows", q.Rows())
		}
		if err := q.Send(ctx, stream.Element{Kind: stream.ElementBarrier}); err != nil {
			t.Fatal(err)
		}
		e, ok := q.Poll()
		if !ok {
			t.Fatal("nothing to take")
		}
		e.Batch.Release()
		e, _ = q.Poll()
		e.Batch.Release()
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		q.Close()
	})
}

func TestEmptyQueueTakesAnyBatch(t *testing.T) {
	q := exchange.NewQueue(exchange.Limits{Rows: 1, Bytes: 1})
	if err := q.Send(context.Background(), batchElement(batch(t, memory.DefaultAllocator, "+I k=a", "+I k=b"))); err != nil {
		t.Fatal(err)
	}
	q.Close()
}

func TestSendEndsWithItsContextOrItsReceiver(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	synctest.Test(t, func(t *testing.T) {
		q := exchange.NewQueue(exchange.Limits{Rows: 1, Bytes: 1})
		ctx, cancel := context.WithCancel(context.Background())
		send := func() error { return q.Send(ctx, batchElement(batch(t, alloc, "+I k=a"))) }
		if err := send(); err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		go func() { result <- send() }()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		ctx = context.Background()
		go func() { result <- send() }()
		synctest.Wait()
		q.Close()
		if err := <-result; !errors.Is(err, exchange.ErrClosed) {
			t.Errorf("error %v", err)
		}
	})
}

func TestWatermarksInARowTakeOneAnothersPlace(t *testing.T) {
	q := exchange.NewQueue(exchange.DefaultLimits())
	for _, wm := range []stream.Watermark{1, 5, 9} {
		if err := q.Send(context.Background(), stream.Element{Kind: stream.ElementWatermark, Watermark: wm}); err != nil {
			t.Fatal(err)
		}
	}
	if e, ok := q.Poll(); !ok || e.Watermark != 9 {
		t.Errorf("took %v, %t", e.Watermark, ok)
	}
	if _, ok := q.Poll(); ok {
		t.Error("a second watermark was queued")
	}
}

func TestQueueKeepsOrderWhileItGrows(t *testing.T) {
	q := exchange.NewQueue(exchange.DefaultLimits())
	ctx := context.Background()
	next := uint64(0)
	for i := range uint64(100) {
		if err := q.Send(ctx, stream.Element{Kind: stream.ElementBarrier, Barrier: stream.Barrier{Epoch: i}}); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			if e, ok := q.Poll(); !ok || e.Barrier.Epoch != next {
				t.Fatalf("took %d, want %d", e.Barrier.Epoch, next)
			}
			next++
		}
	}
	for ; next < 100; next++ {
		if e, ok := q.Poll(); !ok || e.Barrier.Epoch != next {
			t.Fatalf("took %d, want %d", e.Barrier.Epoch, next)
		}
	}
}

func TestGateWaitsForElementsTimeAndWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := exchange.NewQueue(exchange.DefaultLimits())
		g := exchange.NewGate([][]exchange.Receiver{{q}})
		defer g.Close()
		start := time.Now()
		if e, err := g.Next(context.Background(), time.Second); err != nil || e.Kind != exchange.EventNone || time.Since(start) != time.Second {
			t.Errorf("%s after %s, error %v", e.Kind, time.Since(start), err)
		}
		go func() {
			<-time.After(time.Minute)
			if err := q.Send(context.Background(), stream.Element{Kind: stream.ElementEnd}); err != nil {
				t.Error(err)
			}
		}()
		if e, err := g.Next(context.Background(), -1); err != nil || e.Kind != exchange.EventEnd {
			t.Errorf("%s, error %v", e.Kind, err)
		}
	})
}

func TestEndAfterReceiverLeftAtLastBarrierIsNoError(t *testing.T) {
	q := exchange.NewQueue(exchange.DefaultLimits())
	barrier := stream.Element{Kind: stream.ElementBarrier, Barrier: stream.Barrier{Epoch: 1, Kind: stream.Final}}
	if err := q.Send(t.Context(), barrier); err != nil {
		t.Fatal(err)
	}
	if _, ok := q.Poll(); !ok {
		t.Fatal("the barrier is not there")
	}
	q.Close()
	if err := q.Send(t.Context(), stream.Element{Kind: stream.ElementEnd}); err != nil {
		t.Errorf("the end was refused: %v", err)
	}
	if err := q.Send(t.Context(), barrier); !errors.Is(err, exchange.ErrClosed) {
		t.Errorf("a barrier to nobody gave %v", err)
	}
}
