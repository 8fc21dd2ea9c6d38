package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/internal/errs"
)

// copyTables are the tables of the tests of restarts; out takes no rows.
const copyTables = `CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'memory');
	CREATE TABLE out (k STRING, v BIGINT) WITH ('connector' = 'memory');`

// failing opens an engine whose table out fails each write.
func failing(t *testing.T, attempts int) *engine.Engine {
	tables := enginetest.NewTables()
	tables.Table("t").SetSplits(false, rowsOf(3))
	tables.Table("out").FailWrites(-1)
	eng := must[*engine.Engine](t)(engine.Open(context.Background(), engine.Options{Parallelism: 1, RestartAttempts: attempts,
		Connectors: []connector.Connector{tables.Connector()}}))
	t.Cleanup(func() { eng.Close() })
	return eng
}

// TestRestartStrategies lets a job fail by each strategy until it gives up.
func TestRestartStrategies(t *testing.T) {
	const exponential = `SET 'restart-strategy.exponential-delay.initial-backoff' = '1 ms';
		SET 'restart-strategy.exponential-delay.backoff-multiplier' = '1.01';
		SET 'restart-strategy.exponential-delay.jitter-factor' = '0.5';`
	for name, c := range map[string]struct {
		set      string
		attempts int
		restarts int
	}{
		"none":                       {`SET 'restart-strategy.type' = 'none';`, -1, 0},
		"none by default":            {``, 0, 0},
		"fixed-delay":                {`SET 'restart-strategy.type' = 'fixed-delay'; SET 'restart-strategy.fixed-delay.attempts' = '2'; SET 'restart-strategy.fixed-delay.delay' = '0 s';`, 0, 2},
		"failure-rate":               {`SET 'restart-strategy' = 'failurerate'; SET 'restart-strategy.failure-rate.max-failures-per-interval' = '3'; SET 'restart-strategy.failure-rate.delay' = '1 ms';`, 0, 3},
		"exponential-delay":          {exponential + `SET 'restart-strategy.type' = 'exponential-delay'; SET 'restart-strategy.exponential-delay.attempts-before-reset-backoff' = '4';`, 0, 4},
		"the engine's":               {exponential, 2, 2},
		"the engine's with attempts": {exponential + `SET 'restart-strategy.exponential-delay.attempts-before-reset-backoff' = '3';`, -1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			s := failing(t, c.attempts).NewSession()
			results := must[[]engine.Result](t)(s.Execute(ctx, c.set+copyTables+`INSERT INTO out SELECT * FROM t`))
			job := results[len(results)-1].Job
			if err := job.Wait(ctx); errs.ClassOf(err) != errs.Resource {
				t.Errorf("error %v", err)
			}
			if info := job.Info(); info.Status != "FAILED" || info.Restarts != c.restarts {
				t.Errorf("%s after %d restarts, want %d", info.Status, info.Restarts, c.restarts)
			}
		})
	}
}

// TestBadRestartStrategiesAreRefused sets what Flink refuses too.
func TestBadRestartStrategiesAreRefused(t *testing.T) {
	for option, c := range map[string]struct{ value, want string }{
		"fixed-delay.attempts":                            {"-1", "-1 is negative"},
		"failure-rate.max-failures-per-interval":          {"0", "0 is not positive"},
		"failure-rate.failure-rate-interval":              {"0 s", "0s is not positive"},
		"exponential-delay.initial-backoff":               {"2 min", "2m0s is longer than the max-backoff, 1m0s"},
		"exponential-delay.max-backoff":                   {"1 ms", "longer than the max-backoff, 1ms"},
		"exponential-delay.backoff-multiplier":            {"1", "1 is not greater than 1"},
		"exponential-delay.jitter-factor":                 {"1.1", "1.1 is not between 0 and 1"},
		"exponential-delay.reset-backoff-threshold":       {"0 s", "0s is shorter than 1 ms"},
		"exponential-delay.attempts-before-reset-backoff": {"0", "0 is not positive"},
	} {
		t.Run(option, func(t *testing.T) {
			strategy, _, _ := strings.Cut(option, ".")
			s := failing(t, 0).NewSession()
			_, err := s.Execute(context.Background(), `SET 'restart-strategy.type' = '`+strategy+`'; SET 'restart-strategy.`+option+`' = '`+c.value+`';`+
				copyTables+`INSERT INTO out SELECT * FROM t`)
			if errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
