package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/benchmarks/nexmark"
	"github.com/thalweg/thalweg/internal/errs"
)

// benchFlags are the flags of `thalweg bench nexmark`.
type benchFlags struct {
	queries     string
	events      int64
	rate        int64
	parallelism int
	batchRows   int
	checkpoints time.Duration
	memory      string
	runs        int
	jsonFile    string
	inProcess   bool
	cpuProfile  string
}

func newBench(stdio Stdio) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Run benchmark suites", Args: cobra.ArbitraryArgs, RunE: needCommand}
	c.AddCommand(newBenchNexmark(stdio), newBenchLatency(stdio))
	return c
}

func newBenchNexmark(stdio Stdio) *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "nexmark",
		Short: "Run Nexmark queries, each in a process of its own, and report rates and memory",
		Example: "  thalweg bench nexmark --queries q0-q2,q5 --events 10000000\n" +
			"  thalweg bench nexmark --queries all --runs 3 --json report.json",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return benchNexmark(c.Context(), f, stdio) },
	}
	flags := c.Flags()
	flags.StringVar(&f.queries, "queries", "q0-q3,q5-q8,q11-q22", "queries to run, such as q0,q5,q10-q13 or all")
	flags.Int64Var(&f.events, "events", 5_000_000, "events per query")
	flags.Int64Var(&f.rate, "rate", 10_000, "events per second of event time")
	flags.IntVar(&f.parallelism, "parallelism", 1, "tasks of each stage")
	flags.IntVar(&f.batchRows, "batch-rows", 0, "the most rows of a batch (default 4096)")
	flags.DurationVar(&f.checkpoints, "checkpoint-interval", 10*time.Second, "take a checkpoint this often")
	flags.StringVar(&f.memory, "memory", "", "budget of state kept in memory (default 512mb)")
	flags.IntVar(&f.runs, "runs", 1, "runs per query; the one with the median rate is reported")
	flags.StringVar(&f.jsonFile, "json", "", "also write the results to this file ('-' for standard output)")
	flags.StringVar(&f.cpuProfile, "cpuprofile", "", "write a CPU profile of the run to this file; runs in this process")
	flags.BoolVar(&f.inProcess, "in-process", false, "run in this process: peak memory is then of all queries so far")
	return c
}

// benchReport is the content of the --json file.
type benchReport struct {
	Suite      string           `json:"suite"`
	Version    string           `json:"version"`
	Checkpoint string           `json:"checkpoint_interval"`
	Results    []nexmark.Result `json:"results"`
}

func benchNexmark(ctx context.Context, f benchFlags, stdio Stdio) error {
	names, err := nexmark.ParseNames(f.queries)
	if err != nil {
		return err
	}
	if f.events < 1 || f.rate < 1 || f.runs < 1 {
		return usageError{fmt.Errorf("--events, --rate and --runs must be positive")}
	}
	if f.cpuProfile != "" {
		stop, err := startProfile(f.cpuProfile)
		if err != nil {
			return err
		}
		defer stop()
		f.inProcess = true
	}
	report := benchReport{Suite: "nexmark", Version: version(), Checkpoint: f.checkpoints.String()}
	for _, name := range names {
		result := f.runQuery(ctx, name, stdio)
		if ctx.Err() != nil {
			return errInterrupted
		}
		report.Results = append(report.Results, result)
		if f.jsonFile != "-" {
			fmt.Fprintf(stdio.Err, "%s done\n", name)
		}
	}
	return f.write(report, stdio)
}

// startProfile profiles the process until stop.
func startProfile(file string) (stop func(), err error) {
	out, err := os.Create(file)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "--cpuprofile")
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		_ = out.Close()
		return nil, errs.Wrap(errs.User, err, "--cpuprofile")
	}
	return func() { pprof.StopCPUProfile(); _ = out.Close() }, nil
}

// runQuery measures one query, as often as asked. A query that fails is reported,
// not fatal.
func (f benchFlags) runQuery(ctx context.Context, name string, stdio Stdio) nexmark.Result {
	var runs []nexmark.Result
	for range f.runs {
		measure := f.runChild
		if f.inProcess {
			measure = f.runHere
		}
		result, err := measure(ctx, name, stdio)
		if err != nil {
			return nexmark.Result{Query: name, Events: f.events, Error: err.Error()}
		}
		if result.Error != "" {
			return result
		}
		runs = append(runs, result)
	}
	return nexmark.Median(runs)
}

func (f benchFlags) runHere(ctx context.Context, name string, _ Stdio) (nexmark.Result, error) {
	options := nexmark.Options{
		Events: f.events, EventsPerSecond: f.rate, Parallelism: f.parallelism, BatchRows: f.batchRows, CheckpointInterval: f.checkpoints,
	}
	if f.memory != "" {
		var err error
		if options.MemoryBudgetBytes, err = parseMemory(f.memory); err != nil {
			return nexmark.Result{}, err
		}
	}
	return nexmark.Run(ctx, name, options)
}

// runChild measures one query in a process of its own, so that its peak memory is
// its own.
func (f benchFlags) runChild(ctx context.Context, name string, stdio Stdio) (nexmark.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nexmark.Result{}, errs.Wrap(errs.Resource, err, "finding this program")
	}
	args := []string{
		"bench", "nexmark", "--in-process", "--json", "-", "--queries", name,
		"--events", strconv.FormatInt(f.events, 10), "--rate", strconv.FormatInt(f.rate, 10),
		"--parallelism", strconv.Itoa(f.parallelism), "--batch-rows", strconv.Itoa(f.batchRows),
		"--checkpoint-interval", f.checkpoints.String(),
	}
	if f.memory != "" {
		args = append(args, "--memory", f.memory)
	}
	child := exec.CommandContext(ctx, self, args...)
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, stdio.Err
	if err := child.Run(); err != nil {
		return nexmark.Result{}, errs.Wrap(errs.Bug, err, "running %s", name)
	}
	var report benchReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Results) != 1 {
		return nexmark.Result{}, errs.Bugf("the process that ran %s did not report: %v", name, err)
	}
	return report.Results[0], nil
}

func (f benchFlags) write(report benchReport, stdio Stdio) error {
	encoded, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encoding the report")
	}
	encoded = append(encoded, '\n')
	if f.jsonFile == "-" {
		_, err := stdio.Out.Write(encoded)
		return writeError(err)
	}
	nexmark.WriteTable(stdio.Out, report.Results)
	if f.jsonFile == "" {
		return nil
	}
	return errs.Wrap(errs.Resource, os.WriteFile(f.jsonFile, encoded, 0o644), "writing --json")
}
