package exchange_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = types.Schema{{Name: "k", Type: types.StringType()}, {Name: "v", Type: types.Of(types.BigInt)}}

func batch(t testing.TB, alloc memory.Allocator, rows ...string) stream.Batch {
	t.Helper()
	b, err := stream.ParseRows(alloc, schema, rows)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGate drives a gate by scripts: `gate 2 1` has two channels for input 0 and
// one for input 1, named in order from 0; `do` has lines `channel element` and
// prints after each what the gate delivers.
func TestGate(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var queues []*exchange.Queue
		var gate *exchange.Gate
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "gate":
				closeGate(gate)
				queues, gate = newGate(t, d)
				return ""
			case "do":
				return drive(t, alloc, gate, queues, d.Input)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
		closeGate(gate)
	})
	alloc.AssertSize(t, 0)
}

func closeGate(g *exchange.Gate) {
	if g != nil {
		g.Close()
	}
}

func newGate(t *testing.T, d *datadriven.TestData) ([]*exchange.Queue, *exchange.Gate) {
	var queues []*exchange.Queue
	var inputs [][]exchange.Receiver
	for _, arg := range d.CmdArgs {
		n, err := strconv.Atoi(arg.Key)
		if err != nil {
			t.Fatal(err)
		}
		var input []exchange.Receiver
		for range n {
			q := exchange.NewQueue(exchange.DefaultLimits())
			queues, input = append(queues, q), append(input, q)
		}
		inputs = append(inputs, input)
	}
	return queues, exchange.NewGate(inputs)
}

func drive(t *testing.T, alloc memory.Allocator, gate *exchange.Gate, queues []*exchange.Queue, input string) string {
	var b strings.Builder
	for _, line := range strings.Split(input, "\n") {
		words := strings.Fields(line)
		channel, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := queues[channel].Send(context.Background(), element(t, alloc, words[1:])); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s:", line)
		for {
			e, ok, err := gate.TryNext()
			if err != nil {
				fmt.Fprintf(&b, " error: %v", err)
				break
			}
			if !ok {
				break
			}
			fmt.Fprintf(&b, " %s", printEvent(e))
			e.Batch.Release()
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func element(t *testing.T, alloc memory.Allocator, words []string) stream.Element {
	switch words[0] {
	case "row":
		return stream.Element{Kind: stream.ElementBatch, Batch: batch(t, alloc, "+I k="+words[1]+" v=1")}
	case "wm":
		if words[1] == "end" {
			return stream.Element{Kind: stream.ElementWatermark, Watermark: stream.EndOfTime}
		}
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		return stream.Element{Kind: stream.ElementWatermark, Watermark: stream.Watermark(d.Milliseconds())}
	case "barrier":
		epoch, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return stream.Element{Kind: stream.ElementBarrier, Barrier: stream.Barrier{Epoch: epoch}}
	case "idle":
		return stream.Element{Kind: stream.ElementIdle}
	case "end":
		return stream.Element{Kind: stream.ElementEnd}
	}
	t.Fatalf("unknown element %q", words[0])
	return stream.Element{}
}

func printEvent(e exchange.Event) string {
	switch e.Kind {
	case exchange.EventBatch:
		return fmt.Sprintf("[input %d %s]", e.Input, stream.FormatRow(e.Batch, 0))
	case exchange.EventWatermark:
		switch e.Watermark {
		case stream.EndOfTime:
			return "[wm end]"
		case stream.NearEnd:
			return "[wm near end]"
		}
		return fmt.Sprintf("[wm %s]", time.Duration(e.Watermark)*time.Millisecond)
	case exchange.EventBarrier:
		return fmt.Sprintf("[barrier %d]", e.Barrier.Epoch)
	}
	return "[" + e.Kind.String() + "]"
}
