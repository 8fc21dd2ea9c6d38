package httpapi

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/thalweg/thalweg/engine"
)

// metricsHandler serves the engine's counters in Prometheus' form.
func metricsHandler(eng *engine.Engine) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newJobCollector(eng), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// jobCollector reads all jobs' metrics when asked.
type jobCollector struct {
	engine *engine.Engine

	jobs, rowsIn, rowsOut, lateRows, badRecords, busy *prometheus.Desc
	watermark, lagRows, lagSeconds                    *prometheus.Desc
	checkpoints, failedCheckpoints, restarts          *prometheus.Desc
	checkpointSeconds                                 *prometheus.Desc
}

var _ prometheus.Collector = (*jobCollector)(nil)

func newJobCollector(eng *engine.Engine) *jobCollector {
	job := []string{"job", "name"}
	node := []string{"job", "name", "node", "operator"}
	desc := func(name, help string, labels []string) *prometheus.Desc {
		return prometheus.NewDesc("thalweg_"+name, help, labels, nil)
	}
	return &jobCollector{
		engine:            eng,
		jobs:              desc("jobs", "Jobs by state.", []string{"state"}),
		rowsIn:            desc("node_rows_in_total", "Rows received by a plan node since the job's last start.", node),
		rowsOut:           desc("node_rows_out_total", "Rows emitted by a plan node since the job's last start.", node),
		lateRows:          desc("node_late_rows_total", "Rows dropped because their window had closed.", node),
		badRecords:        desc("source_bad_records_total", "Records that could not be decoded.", node),
		busy:              desc("node_busy_seconds_total", "Time spent in a plan node's own code, all tasks together.", node),
		watermark:         desc("node_watermark_seconds", "Event time reached by a plan node, as Unix time.", node),
		lagRows:           desc("source_lag_rows", "Rows between a source and its newest record.", node),
		lagSeconds:        desc("source_lag_seconds", "Time between a source and its newest record.", node),
		checkpoints:       desc("job_checkpoints_total", "Checkpoints published.", job),
		failedCheckpoints: desc("job_checkpoints_failed_total", "Checkpoints abandoned.", job),
		checkpointSeconds: desc("job_checkpoint_seconds", "Duration of the last checkpoint.", job),
		restarts:          desc("job_restarts_total", "Times a job was started again after a failure.", job),
	}
}

// Describe sends all descriptions.
func (c *jobCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.jobs, c.rowsIn, c.rowsOut, c.lateRows, c.badRecords, c.busy, c.watermark, c.lagRows, c.lagSeconds,
		c.checkpoints, c.failedCheckpoints, c.checkpointSeconds, c.restarts,
	} {
		out <- d
	}
}

// Collect reads every job once.
func (c *jobCollector) Collect(out chan<- prometheus.Metric) {
	states := map[string]int{}
	for _, job := range c.engine.Jobs() {
		info := job.Info()
		states[info.Status]++
		c.collectJob(out, info, job.Metrics())
	}
	for state, n := range states {
		out <- prometheus.MustNewConstMetric(c.jobs, prometheus.GaugeValue, float64(n), state)
	}
}

func (c *jobCollector) collectJob(out chan<- prometheus.Metric, info engine.JobInfo, m engine.Metrics) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter(c.checkpoints, float64(m.Checkpoints), info.ID, info.Name)
	counter(c.failedCheckpoints, float64(m.FailedCheckpoints), info.ID, info.Name)
	counter(c.restarts, float64(info.Restarts), info.ID, info.Name)
	gauge(c.checkpointSeconds, m.LastCheckpoint.Seconds(), info.ID, info.Name)
	for _, n := range m.Nodes {
		labels := []string{info.ID, info.Name, strconv.Itoa(n.Node), n.Label}
		counter(c.rowsIn, float64(n.RowsIn), labels...)
		counter(c.rowsOut, float64(n.RowsOut), labels...)
		counter(c.lateRows, float64(n.LateRows), labels...)
		counter(c.busy, float64(n.BusyNanos)/1e9, labels...)
		if n.HasWatermark {
			gauge(c.watermark, float64(n.Watermark)/1e3, labels...)
		}
		if n.Source != nil {
			counter(c.badRecords, float64(n.BadRecords), labels...)
			gauge(c.lagRows, float64(n.Source.LagRows), labels...)
			seconds := -1.0 // unknown
			if n.Source.LagMillis >= 0 {
				seconds = float64(n.Source.LagMillis) / 1e3
			}
			gauge(c.lagSeconds, seconds, labels...)
		}
	}
}
