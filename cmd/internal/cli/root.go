// Package cli is Thalweg's command line: it turns flags into options of the engine
// and results into text, and holds no logic of its own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// Exit codes of every command.
const (
	ExitDone        = 0
	ExitFailed      = 1   // the job failed
	ExitUser        = 2   // the user's mistake: flags, SQL, options
	ExitInterrupted = 130 // stopped by a signal
)

// Stdio is where a command reads and writes. Progress goes to Err when that is a
// terminal.
type Stdio struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// errInterrupted is returned by commands that a signal stopped.
var errInterrupted = errors.New("interrupted")

// usageError is a mistake in flags or arguments.
type usageError struct{ error }

// renderedError is an error whose text was prepared with the script at hand.
type renderedError struct {
	error
	text string
}

// Unwrap gives the error that was rendered.
func (e renderedError) Unwrap() error { return e.error }

// Main runs the command line and returns the exit code.
func Main(args []string, stdio Stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	root := newRoot(stdio)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitDone
	}
	if errors.Is(err, errInterrupted) || (ctx.Err() != nil && errors.Is(err, context.Canceled)) {
		fmt.Fprintln(stdio.Err, "interrupted")
		return ExitInterrupted
	}
	var rendered renderedError
	if errors.As(err, &rendered) {
		fmt.Fprintln(stdio.Err, "error: "+rendered.text)
	} else {
		fmt.Fprintln(stdio.Err, "error: "+err.Error())
	}
	return exitCode(err)
}

// exitCode tells a job that failed from a mistake that kept it from starting.
func exitCode(err error) int {
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUser
	}
	var failed *engine.JobError
	if errors.As(err, &failed) {
		return ExitFailed
	}
	switch errs.ClassOf(err) {
	case errs.User, errs.Unsupported:
		return ExitUser
	}
	return ExitFailed
}

func newRoot(stdio Stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "thalweg",
		Short:         "SQL over streams: retained logs, exactly-once dataflows, one binary",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		// thalweg stream --endpoint URL list: flags may stand before the command.
		TraverseChildren: true,
		RunE:             needCommand,
	}
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRun(stdio), newServe(stdio), newStream(stdio), newBench(stdio), newExamples(stdio))
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// version is the module's version, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " (" + s.Value[:min(12, len(s.Value))] + ")"
		}
	}
	return info.Main.Version + revision
}
