// Package print is the connector 'print': a sink that writes rows as lines of text,
// as Flink does: `+I[1, abc]`.
package print

import (
	"bufio"
	"context"
	"os"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Connector is the connector 'print'.
type Connector struct{}

var _ connector.Connector = Connector{}

// New makes the connector.
func New() Connector { return Connector{} }

// Spec describes the connector.
func (Connector) Spec() connector.Spec {
	return connector.Spec{
		Name: "print",
		Doc: "A sink that prints each row with its kind, such as `+I[1, abc]`, at once. " +
			"With several tasks each line starts with the task's number, as in `2> +I[1, abc]`.",
		Options: []connector.OptionSpec{
			{Name: "print-identifier", Type: connector.TypeString, Doc: "A text put before each row.", Example: "alerts"},
			{Name: "standard-error", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Print to standard error instead of standard output."},
		},
	}
}

// Check accepts every table.
func (c Connector) Check(table connector.Table) error { return c.Spec().CheckMetadata(table) }

// Source refuses: there is nothing to read.
func (Connector) Source(table connector.Table) (connector.Source, error) {
	return nil, errs.Unsupportedf("table '%s': the connector 'print' can't be read", table.Name)
}

// Sink makes the writing side.
func (Connector) Sink(table connector.Table) (connector.Sink, error) {
	out := table.Env.Stdout
	switch {
	case table.Options.Bool("standard-error"):
		out = lineWriter(os.Stderr)
	case out == nil:
		out = lineWriter(os.Stdout)
	}
	return &sink{table: table, out: out, identifier: table.Options.String("print-identifier")}, nil
}

// lineWriter writes lines to f, each with one call.
func lineWriter(f *os.File) func(string) {
	return func(line string) {
		w := bufio.NewWriterSize(f, len(line)+1)
		w.WriteString(line)
		w.WriteByte('\n')
		w.Flush()
	}
}

// sink is the writing side of one table.
type sink struct {
	table      connector.Table
	out        func(line string)
	identifier string
}

var _ connector.Sink = (*sink)(nil)

// Mode takes whole changelogs.
func (*sink) Mode() connector.SinkMode { return connector.Retract }

// Guarantee is the weaker one: what is printed can't be taken back.
func (*sink) Guarantee() connector.Guarantee { return connector.AtLeastOnce }

// Writer makes the writer of one task.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	return newWriter(s, env), nil
}

// Committer commits nothing.
func (*sink) Committer(context.Context) (connector.Committer, error) { return committer{}, nil }

type committer struct{}

var _ connector.Committer = committer{}

// Commit has nothing to do: rows are printed as they come.
func (committer) Commit(context.Context, uint64, [][]byte) error { return nil }

// Recover has nothing to remove.
func (committer) Recover(context.Context, string) error { return nil }

// Close has nothing to free.
func (committer) Close() error { return nil }
