package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// runFlags are the flags of `thalweg run`.
type runFlags struct {
	defines     []string
	settings    []string
	parallelism int
	batchRows   int
	dataDir     string
	format      string
	changelog   bool
	checkpoints time.Duration
	memory      string
	verbose     bool
}

const runLong = `Run a SQL script to its end, without a server.

Statements run in order. An INSERT is waited for; a SELECT prints its result: the final table, or with --changelog
each change with its kind (+I, -U, +U, -D). ${NAME} and ${NAME:-default} in the script are replaced by -D NAME=VALUE.

Exit codes: 0 done, 1 a job failed, 2 a mistake in flags or script, 130 interrupted.`

func newRun(stdio Stdio) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE|-",
		Short: "Run a SQL script to its end",
		Long:  runLong,
		Example: "  thalweg run examples/quickstart.sql\n" +
			"  thalweg run -D OUT=/tmp/departures examples/export.sql\n" +
			"  echo \"SELECT 1 + 1 AS two\" | thalweg run -",
		Args: oneScript,
		RunE: func(c *cobra.Command, args []string) error { return run(c.Context(), args[0], f, stdio) },
	}
	flags := c.Flags()
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "set the script variable NAME=VALUE (repeatable)")
	flags.StringArrayVar(&f.settings, "set", nil, "set an option KEY=VALUE, as SET does (repeatable)")
	flags.IntVar(&f.parallelism, "parallelism", 0, "tasks of each stage (default: one a core)")
	flags.IntVar(&f.batchRows, "batch-rows", 0, "the most rows of a batch (default 4096)")
	flags.StringVar(&f.dataDir, "data", "", "data directory for state and streams (default: a temporary one)")
	flags.StringVar(&f.format, "format", "table", "how SELECT prints: "+strings.Join(formats, "|"))
	flags.BoolVar(&f.changelog, "changelog", false, "print each change with its kind instead of the final table")
	flags.DurationVar(&f.checkpoints, "checkpoint-interval", 0, "take a checkpoint this often (default: only at the end)")
	flags.StringVar(&f.memory, "memory", "", "budget of state kept in memory, such as 256mb (default 512mb)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what the engine does to standard error")
	must(c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	return c
}

// must is for errors that only a bug in this package can cause.
func must(err error) {
	if err != nil {
		panic("cli: " + err.Error())
	}
}

func run(ctx context.Context, name string, f runFlags, stdio Stdio) error {
	if !slices.Contains(formats, f.format) {
		hint := ""
		if near := errs.Nearest(f.format, formats); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return usageError{fmt.Errorf("--format %q is none of %s%s", f.format, strings.Join(formats, ", "), hint)}
	}
	vars, err := parsePairs("-D", f.defines)
	if err != nil {
		return err
	}
	options, err := f.engineOptions(stdio)
	if err != nil {
		return err
	}
	s, err := loadScript(name, vars, stdio)
	if err != nil {
		return err
	}
	defer s.cleanup()
	for _, warning := range s.warnings {
		fmt.Fprintln(stdio.Err, "warning: "+warning)
	}
	if err := checkSettings(options.Settings, stdio.Err); err != nil {
		return err
	}
	eng, err := engine.Open(ctx, options)
	if err != nil {
		return err
	}
	r := runner{script: s, stdio: stdio, format: f.format, changelog: f.changelog}
	err = r.run(ctx, eng)
	if closeErr := eng.Close(); err == nil {
		err = closeErr
	}
	return err
}

// engineOptions turns the flags into the engine's options.
func (f runFlags) engineOptions(stdio Stdio) (engine.Options, error) {
	settings, err := parsePairs("--set", f.settings)
	if err != nil {
		return engine.Options{}, err
	}
	options := engine.Options{
		DataDir: f.dataDir, Parallelism: f.parallelism, BatchRows: f.batchRows, CheckpointInterval: f.checkpoints,
		Settings: settings, Stdout: func(line string) { fmt.Fprintln(stdio.Out, line) },
	}
	if f.memory != "" {
		options.MemoryBudgetBytes, err = parseMemory(f.memory)
		if err != nil {
			return options, err
		}
	}
	if f.verbose {
		options.Logger = slog.New(slog.NewTextHandler(stdio.Err, nil))
	}
	return options, nil
}

// runner runs one script.
type runner struct {
	script    script
	stdio     Stdio
	format    string
	changelog bool
}

// run executes the statements one after the other and waits for their jobs.
func (r runner) run(ctx context.Context, eng *engine.Engine) error {
	statements := 0
	session := eng.NewSession()
	err := session.Each(ctx, r.script.text, func(result engine.Result) error {
		statements++
		shown := r
		shown.changelog = r.changelog || strings.EqualFold(session.Settings()["sql-client.execution.result-mode"], "changelog")
		return shown.finish(ctx, result)
	})
	switch {
	case err == nil && statements == 0:
		fmt.Fprintf(r.stdio.Err, "warning: %s holds no statement\n", r.script.name)
		return nil
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	}
	return r.script.render(err)
}

// finish shows one statement's result and waits for its job.
func (r runner) finish(ctx context.Context, result engine.Result) error {
	for _, warning := range result.Warnings {
		fmt.Fprintln(r.stdio.Err, "warning: "+warning)
	}
	switch result.Kind {
	case engine.ResultText:
		fmt.Fprintln(r.stdio.Out, strings.TrimRight(result.Message, "\n"))
	case engine.ResultRows:
		return r.show(ctx, result)
	case engine.ResultJob:
		return r.wait(ctx, result.Job)
	}
	return nil
}

// wait waits for an INSERT's job. When a signal comes, the job stops with a last
// checkpoint, so that what it has written is committed and it can go on later.
func (r runner) wait(ctx context.Context, job *engine.Job) error {
	started := time.Now()
	stop := watchJob(job, r.stdio.Err)
	err := job.Wait(ctx)
	stop()
	if err == nil {
		r.sumUp(job, time.Since(started))
		r.warnOfLosses(job)
	}
	if ctx.Err() == nil {
		return err
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if stopErr := job.Stop(stopping); stopErr != nil {
		fmt.Fprintln(r.stdio.Err, "warning: stopping without a last checkpoint: "+stopErr.Error())
	}
	return errInterrupted
}

// sumUp tells how many rows went into each table. A job that was restarted says
// nothing: its counts are those of the last attempt.
func (r runner) sumUp(job *engine.Job, took time.Duration) {
	if job.Info().Restarts > 0 {
		return
	}
	for _, node := range job.Metrics().Nodes {
		if node.SinkTable != "" {
			fmt.Fprintf(r.stdio.Err, "%s into %s in %s\n", rowCount(node.RowsIn), node.SinkTable, took.Round(time.Millisecond))
		}
	}
}

// stopPatience is how long a stopped job may take for its last checkpoint.
const stopPatience = 20 * time.Second
