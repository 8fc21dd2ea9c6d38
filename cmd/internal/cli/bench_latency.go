package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/benchmarks/latency"
	"github.com/thalweg/thalweg/internal/errs"
)

func newBenchLatency(stdio Stdio) *cobra.Command {
	var o latency.Options
	var file string
	c := &cobra.Command{
		Use:   "latency",
		Short: "Append records to a stream at a rate, and measure when a query's exactly-once result shows them",
		Example: "  thalweg bench latency --rate 100000 --duration 30s\n" +
			"  thalweg bench latency --query \"SELECT LAST_VALUE(sent) FROM records GROUP BY id\"",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return benchLatency(c.Context(), o, file, stdio) },
	}
	flags := c.Flags()
	flags.IntVar(&o.RecordsPerSecond, "rate", 100_000, "records per second")
	flags.DurationVar(&o.Duration, "duration", 10*time.Second, "how long to send")
	flags.IntVar(&o.RecordBytes, "record-bytes", 200, "size of a record")
	flags.IntVar(&o.Clients, "clients", 8, "clients that append, each waiting for its records to be durable")
	flags.StringVar(&o.Query, "query", latency.DefaultQuery, "query over records (id BIGINT, sent BIGINT, k STRING, pad STRING) that gives sent")
	flags.StringVar(&o.DataDir, "data", "", "data directory (default: a temporary one)")
	flags.StringVar(&file, "json", "", "also write the result to this file ('-' for standard output)")
	return c
}

func benchLatency(ctx context.Context, o latency.Options, file string, stdio Stdio) error {
	if o.RecordsPerSecond < 1000 || o.Duration < time.Millisecond || o.Clients < 1 {
		return usageError{fmt.Errorf("--rate must be at least 1000, --duration 1ms and --clients 1")}
	}
	r, err := latency.Run(ctx, o)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encoding the result")
	}
	encoded = append(encoded, '\n')
	if file == "-" {
		_, err := stdio.Out.Write(encoded)
		return writeError(err)
	}
	fmt.Fprintf(stdio.Out, "%d records, %.0f a second, appended and seen exactly once\n", r.Records, r.RecordsPerSecond)
	fmt.Fprintf(stdio.Out, "latency in ms: median %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, most %.1f; %.1f processor seconds\n",
		r.MedianMillis, r.P90Millis, r.P99Millis, r.P999Millis, r.MaxMillis, r.CPUSeconds)
	if file == "" {
		return nil
	}
	return errs.Wrap(errs.Resource, os.WriteFile(file, encoded, 0o644), "writing --json")
}
