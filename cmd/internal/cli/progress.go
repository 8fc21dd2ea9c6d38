package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/operators/stream"
)

// Intervals between progress reports.
const (
	progressOnTerminal = 250 * time.Millisecond
	progressInLog      = 10 * time.Second
)

// progress reports how a job gets on while it is waited for: a line that
// rewrites itself on a terminal, now and then a log line elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	job      *engine.Job
	started  time.Time
	lastAt   time.Time
	lastRows int64
	shown    bool
}

// watchJob starts reporting on job; the returned function stops it and wipes the
// line.
func watchJob(job *engine.Job, out io.Writer) (stop func()) {
	p := &progress{out: out, terminal: isTerminal(out), job: job, started: time.Now()}
	p.lastAt = p.started
	every := progressInLog
	if p.terminal {
		every = progressOnTerminal
	}
	quit, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				p.wipe()
				return
			case now := <-ticker.C:
				p.report(now)
			}
		}
	}()
	return func() {
		close(quit)
		<-finished
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func (p *progress) report(now time.Time) {
	metrics := p.job.Metrics()
	line := p.line(metrics, now)
	if !p.terminal {
		fmt.Fprintf(p.out, "%s %s\n", p.job.ID(), line)
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[2K%s", line)
	p.shown = true
}

// wipe removes the line from a terminal.
func (p *progress) wipe() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[2K")
	}
}

// line sums a job's metrics up: rows read, the rate since the last line, the
// watermark, and each source's progress.
func (p *progress) line(m engine.Metrics, now time.Time) string {
	var rows int64
	var sources []string
	watermark, known := int64(0), false
	for _, node := range m.Nodes {
		if node.Source == nil {
			continue
		}
		rows += node.RowsOut
		sources = append(sources, sourceText(*node.Source))
		if node.HasWatermark && (!known || node.Watermark < watermark) {
			watermark, known = node.Watermark, true
		}
	}
	rate := 0.0
	if d := now.Sub(p.lastAt).Seconds(); d > 0 {
		rate = float64(rows-p.lastRows) / d
	}
	p.lastAt, p.lastRows = now, rows
	parts := []string{fmt.Sprintf("%s rows", count(float64(rows))), fmt.Sprintf("%s rows/s", count(rate))}
	if known {
		parts = append(parts, "watermark "+stream.Watermark(watermark).String())
	}
	return strings.Join(append(parts, sources...), "  ")
}

// sourceText is `table 40%`, `table lag 12 rows`, or `table 3 of 8 splits`.
func sourceText(s engine.SourceMetrics) string {
	switch {
	case s.Total > 0:
		return fmt.Sprintf("%s %d%%", s.Table, min(100, 100*s.Done/s.Total))
	case s.LagRows >= 0:
		return fmt.Sprintf("%s lag %s rows", s.Table, count(float64(s.LagRows)))
	case s.LagMillis >= 0:
		return fmt.Sprintf("%s lag %s", s.Table, time.Duration(s.LagMillis)*time.Millisecond)
	}
	return fmt.Sprintf("%s %d of %d splits done", s.Table, s.Ended, s.Splits)
}

// count prints a number with at most four digits and a unit of thousands.
func count(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2fG", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1fk", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}
