package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// formats are the values of --format.
var formats = []string{"table", "json", "csv", "arrow"}

// parseMemory reads a memory size flag.
func parseMemory(text string) (int64, error) {
	n, err := connector.ParseMemorySize(text)
	if err != nil {
		return 0, usageError{fmt.Errorf("--memory: %w", err)}
	}
	return n, nil
}

// printer writes result batches in one format.
type printer interface {
	// print writes a batch, borrowed; kinds are shown when the printer was made
	// for a changelog.
	print(batch stream.Batch) error
	// close writes what is left, such as a footer.
	close() error
}

// show prints a SELECT's rows: the final table of a bounded query, or row by row.
func (r runner) show(ctx context.Context, result engine.Result) error {
	rows := result.Rows
	defer rows.Close()
	started := time.Now()
	stop := func() {}
	streaming := r.changelog || !rows.Bounded()
	if result.Job != nil && !streaming {
		stop = watchJob(result.Job, r.stdio.Err)
	}
	var err error
	if streaming {
		err = r.showStream(ctx, rows)
	} else {
		err = r.showTable(ctx, rows, stop, started)
	}
	if err == nil && result.Job != nil {
		r.warnOfLosses(result.Job)
	}
	return err
}

// showTable prints the final table.
func (r runner) showTable(ctx context.Context, rows *engine.Rows, stop func(), started time.Time) error {
	table, err := rows.Table(ctx)
	stop()
	if err != nil {
		return err
	}
	defer table.Release()
	p, err := r.newPrinter(rows, false)
	if err != nil {
		return err
	}
	if err := p.print(table); err != nil {
		return writeError(err)
	}
	if err := p.close(); err != nil {
		return writeError(err)
	}
	if r.format == "table" {
		fmt.Fprintf(r.stdio.Out, "%s in %s\n", rowCount(int64(table.Rows())), time.Since(started).Round(time.Millisecond))
	}
	return nil
}

// showStream prints rows as they come, with their kinds when they may change.
func (r runner) showStream(ctx context.Context, rows *engine.Rows) error {
	p, err := r.newPrinter(rows, r.changelog || rows.Updating())
	if err != nil {
		return err
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return writeError(p.close())
		}
		if err != nil {
			return err
		}
		err = p.print(batch)
		batch.Release()
		if err != nil {
			return writeError(err)
		}
	}
}

func rowCount(n int64) string { return plural(n, "row") }

func writeError(err error) error { return errs.Wrap(errs.Resource, err, "writing the result") }
