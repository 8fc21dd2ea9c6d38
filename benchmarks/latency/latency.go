// Package latency measures how long a record takes from being appended to a stream
// until a query's exactly-once result shows it.
package latency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// Options configures a run.
type Options struct {
	// RecordsPerSecond are appended for Duration, RecordBytes each, by Clients at
	// once.
	RecordsPerSecond int
	Duration         time.Duration
	RecordBytes      int
	Clients          int
	// Query reads the stream `records (id BIGINT, sent BIGINT, k STRING, pad STRING)`
	// and gives `sent`, the time in nanoseconds since 1970 when a record was due.
	Query string
	// DataDir holds the stream; empty means a temporary one.
	DataDir string
}

// DefaultQuery passes every record on.
const DefaultQuery = "SELECT sent FROM records WHERE id >= 0"

// Result is what a run measured. A latency counts from when a record was due to be
// sent, so that a system that falls behind can't hide it, to when a reader had the
// row.
type Result struct {
	Records          int     `json:"records"`
	RecordsPerSecond float64 `json:"records_per_second"`
	MedianMillis     float64 `json:"p50_ms"`
	P90Millis        float64 `json:"p90_ms"`
	P99Millis        float64 `json:"p99_ms"`
	P999Millis       float64 `json:"p999_ms"`
	MaxMillis        float64 `json:"max_ms"`
	// CPUSeconds is the processor time of the process, clients included.
	CPUSeconds float64 `json:"cpu_seconds"`
}

// tick is how far apart in time the batches of records are.
const tick = time.Millisecond

// Run measures in this process.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.DataDir == "" {
		dir, err := os.MkdirTemp("", "latency")
		if err != nil {
			return Result{}, errs.Wrap(errs.Resource, err, "latency")
		}
		defer os.RemoveAll(dir)
		o.DataDir = dir
	}
	eng, err := engine.Open(ctx, engine.Options{DataDir: o.DataDir, Parallelism: 1, RestartAttempts: -1, CheckpointInterval: 10 * time.Second})
	if err != nil {
		return Result{}, err
	}
	defer eng.Close()
	if o.Query == "" {
		o.Query = DefaultQuery
	}
	rows, err := eng.Query(ctx, "CREATE STREAM records (id BIGINT, sent BIGINT, k STRING, pad STRING); "+o.Query)
	if err != nil {
		return Result{}, err
	}
	defer rows.Close()
	before, start := cpuSeconds(), time.Now()
	l := &load{options: o, engine: eng, start: start, pad: string(slices.Repeat([]byte{'x'}, max(0, o.RecordBytes-overheadBytes)))}
	total := int(o.Duration/tick) * l.perTick()
	sent := make(chan error, 1)
	go func() { sent <- l.run(ctx) }()
	latencies, err := read(ctx, rows, total, sent)
	if err != nil {
		return Result{}, err
	}
	return summarise(latencies, time.Since(start), cpuSeconds()-before), nil
}

// overheadBytes is about what a record takes without its padding.
const overheadBytes = 70

// load appends records at a rate.
type load struct {
	options Options
	engine  *engine.Engine
	start   time.Time
	pad     string
}

func (l *load) perTick() int { return max(1, l.options.RecordsPerSecond*int(tick)/int(time.Second)) }

// run sends each tick's records when they are due; clients wait for an answer before
// they take the next.
func (l *load) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ticks := make(chan int, int(l.options.Duration/tick))
	var clients sync.WaitGroup
	for range max(1, l.options.Clients) {
		clients.Go(func() {
			for n := range ticks {
				if _, err := l.engine.AppendRecords(ctx, "records", l.records(n)); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for n := range cap(ticks) {
		select {
		case <-time.After(time.Until(l.due(n))):
			ticks <- n // there is room for all
		case <-ctx.Done():
		}
	}
	close(ticks)
	clients.Wait()
	return context.Cause(ctx)
}

func (l *load) due(n int) time.Time { return l.start.Add(time.Duration(n) * tick) }

func (l *load) records(n int) []engine.StreamRecord {
	records := make([]engine.StreamRecord, l.perTick())
	for i := range records {
		id := n*len(records) + i
		key := fmt.Sprintf("k%d", id%1000)
		records[i] = engine.StreamRecord{PartitionKey: key,
			Data: fmt.Appendf(nil, `{"id":%d,"sent":%d,"k":%q,"pad":%q}`, id, l.due(n).UnixNano(), key, l.pad)}
	}
	return records
}

// read takes rows until all have come.
func read(ctx context.Context, rows *engine.Rows, total int, sent <-chan error) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := <-sent; err != nil {
			cancel(err)
		}
	}()
	latencies := make([]time.Duration, 0, total)
	for len(latencies) < total {
		batch, err := rows.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil, errs.Userf("the query ended after %d of %d rows", len(latencies), total).WithHint("it must give a row for each record")
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, err
		}
		now := time.Now().UnixNano()
		column, ok := batch.Column(0).(*array.Int64)
		if !ok {
			batch.Release()
			return nil, errs.Userf("the query's first column must be sent, a BIGINT, not %s", batch.Column(0).DataType())
		}
		for _, due := range column.Int64Values() {
			latencies = append(latencies, time.Duration(now-due))
		}
		batch.Release()
	}
	return latencies, nil
}

func summarise(latencies []time.Duration, wall time.Duration, cpu float64) Result {
	slices.Sort(latencies)
	at := func(share float64) float64 {
		i := min(len(latencies)-1, int(share*float64(len(latencies))))
		return float64(latencies[i]) / float64(time.Millisecond)
	}
	return Result{Records: len(latencies), RecordsPerSecond: float64(len(latencies)) / wall.Seconds(),
		MedianMillis: at(0.5), P90Millis: at(0.9), P99Millis: at(0.99), P999Millis: at(0.999), MaxMillis: at(1), CPUSeconds: cpu}
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
