package nexmark

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// Options configures a run of the suite.
type Options struct {
	Queries []string
	// Events is the number of events each query reads; EventsPerSecond is their
	// rate in event time.
	Events          int64
	EventsPerSecond int64
	Parallelism     int
	BatchRows       int
	// CheckpointInterval is the time between checkpoints, 0 for none but the last.
	CheckpointInterval time.Duration
	// MemoryBudgetBytes bounds the state in memory; 0 is the engine's default.
	MemoryBudgetBytes int64
	// DataDir holds state and checkpoints; empty means a temporary one.
	DataDir string
}

// Result is what one run of one query measured.
type Result struct {
	Query  string `json:"query"`
	Events int64  `json:"events"`
	// Parallelism is the number of tasks of each stage.
	Parallelism int `json:"parallelism"`
	// WallSeconds is from submission to the last commit; CPUSeconds is the
	// processor time of the whole process meanwhile, garbage collection included.
	WallSeconds float64 `json:"wall_seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"`
	// EventsPerSecond is by the wall; EventsPerCoreSecond by processor time.
	EventsPerSecond     float64 `json:"events_per_second"`
	EventsPerCoreSecond float64 `json:"events_per_core_second"`
	// PeakBytes is the process's greatest resident set so far.
	PeakBytes int64 `json:"peak_rss_bytes"`
	// Rows counts what reached the sink, changes included.
	Rows int64 `json:"rows_out"`
	// Checkpoints counts published ones.
	Checkpoints int64 `json:"checkpoints"`
	// Error is why the query did not run; the measures are zero then.
	Error string `json:"error,omitempty"`
}

// Run runs one query in this process and measures it.
func Run(ctx context.Context, query string, o Options) (Result, error) {
	text, err := Script(query)
	if err != nil {
		return Result{}, err
	}
	dir, err := os.MkdirTemp("", "nexmark")
	if err != nil {
		return Result{}, errs.Wrap(errs.Resource, err, "%s", query)
	}
	defer os.RemoveAll(dir)
	side := filepath.Join(dir, "side.csv")
	if err := WriteSide(side); err != nil {
		return Result{}, err
	}
	text, err = sql.Substitute(text, map[string]string{
		"EVENTS": strconv.FormatInt(o.Events, 10), "RATE": strconv.FormatInt(o.EventsPerSecond, 10), "SIDE": side,
	})
	if err != nil {
		return Result{}, err
	}
	eng, err := engine.Open(ctx, engine.Options{
		DataDir: o.DataDir, Parallelism: o.Parallelism, BatchRows: o.BatchRows,
		CheckpointInterval: o.CheckpointInterval, MemoryBudgetBytes: o.MemoryBudgetBytes,
	})
	if err != nil {
		return Result{}, err
	}
	result, err := measure(ctx, eng, query, text)
	result.Events = o.Events
	if closeErr := eng.Close(); err == nil {
		err = closeErr
	}
	result.rate()
	return result, err
}

// measure runs a script and waits for its jobs.
func measure(ctx context.Context, eng *engine.Engine, query, text string) (Result, error) {
	result := Result{Query: query}
	runtime.GC()
	cpu, started := cpuSeconds(), time.Now()
	err := eng.NewSession().Each(ctx, text, func(r engine.Result) error {
		if r.Job == nil {
			return nil
		}
		if err := r.Job.Wait(ctx); err != nil {
			return err
		}
		metrics := r.Job.Metrics()
		result.Parallelism = r.Job.Info().Parallelism
		result.Checkpoints += metrics.Checkpoints
		if n := len(metrics.Nodes); n > 0 {
			result.Rows += metrics.Nodes[n-1].RowsIn
		}
		return nil
	})
	result.WallSeconds = time.Since(started).Seconds()
	result.CPUSeconds = cpuSeconds() - cpu
	result.PeakBytes = peakBytes()
	return result, errs.Wrap(errs.Bug, err, "%s", query)
}

// rate fills in what follows from the other measures.
func (r *Result) rate() {
	if r.WallSeconds > 0 {
		r.EventsPerSecond = float64(r.Events) / r.WallSeconds
	}
	if r.CPUSeconds > 0 {
		r.EventsPerCoreSecond = float64(r.Events) / r.CPUSeconds
	}
}

// cpuSeconds is the processor time this process has used.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

// peakBytes is the process's greatest resident set: VmHWM where the system tells
// it, since what rusage says starts with the parent's.
func peakBytes() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		var kib int64
		if _, after, found := strings.Cut(string(status), "VmHWM:"); found {
			if _, err := fmt.Sscan(after, &kib); err == nil {
				return kib << 10
			}
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return int64(usage.Maxrss) << 10
}

// Median picks, of several runs of one query, the one with the median rate.
func Median(runs []Result) Result {
	sorted := slices.Clone(runs)
	slices.SortFunc(sorted, func(a, b Result) int {
		return int(a.EventsPerCoreSecond - b.EventsPerCoreSecond)
	})
	return sorted[len(sorted)/2]
}

// WriteTable prints results for a person.
func WriteTable(w io.Writer, results []Result) {
	fmt.Fprintf(w, "%-5s %10s %8s %8s %12s %14s %9s %10s\n",
		"query", "events", "wall s", "cpu s", "events/s", "events/s/core", "peak MB", "rows out")
	for _, r := range results {
		if r.Error != "" {
			fmt.Fprintf(w, "%-5s not run: %s\n", r.Query, r.Error)
			continue
		}
		fmt.Fprintf(w, "%-5s %10d %8.2f %8.2f %12s %14s %9d %10d\n", r.Query, r.Events, r.WallSeconds, r.CPUSeconds,
			short(r.EventsPerSecond), short(r.EventsPerCoreSecond), r.PeakBytes>>20, r.Rows)
	}
}
