package engine

import (
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/internal/errs"
)

// restartOptions are the options of Flink's restart strategies, with its defaults.
func restartOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "restart-strategy.type", Type: connector.TypeEnum,
			Values: []string{"none", "exponential-delay", "fixed-delay", "failure-rate", "off", "disable", "exponentialdelay", "fixeddelay", "failurerate"},
			Doc:    "Whether a failed job is started again. A server does so with exponential delays by default.", Example: "exponential-delay"},
		{Name: "restart-strategy.fixed-delay.attempts", Type: connector.TypeInt, Default: "1", Doc: "How often in a job's life, with fixed delays; 1 by default.", Example: "3"},
		{Name: "restart-strategy.fixed-delay.delay", Type: connector.TypeDuration, Default: "1 s", Doc: "The wait before each attempt; 1 s by default.", Example: "10 s"},
		{Name: "restart-strategy.failure-rate.max-failures-per-interval", Type: connector.TypeInt, Default: "1",
			Doc: "How many failures within the interval do not end a job; 1 by default.", Example: "3"},
		{Name: "restart-strategy.failure-rate.failure-rate-interval", Type: connector.TypeDuration, Default: "1 min", Doc: "The interval in which failures count; 1 min by default.", Example: "5 min"},
		{Name: "restart-strategy.failure-rate.delay", Type: connector.TypeDuration, Default: "1 s", Doc: "The wait before each attempt; 1 s by default.", Example: "10 s"},
		{Name: "restart-strategy.exponential-delay.initial-backoff", Type: connector.TypeDuration, Default: "1 s", Doc: "The wait before the first attempt, and the shortest; 1 s by default.", Example: "1 s"},
		{Name: "restart-strategy.exponential-delay.max-backoff", Type: connector.TypeDuration, Default: "1 min", Doc: "The longest wait; 1 min by default.", Example: "5 min"},
		{Name: "restart-strategy.exponential-delay.backoff-multiplier", Type: connector.TypeDouble, Default: "1.5", Doc: "What the wait is multiplied by with each attempt; 1.5 by default.", Example: "2.0"},
		{Name: "restart-strategy.exponential-delay.jitter-factor", Type: connector.TypeDouble, Default: "0.1",
			Doc: "Up to which share the wait is made longer or shorter by chance; 0.1 by default.", Example: "0.2"},
		{Name: "restart-strategy.exponential-delay.reset-backoff-threshold", Type: connector.TypeDuration, Default: "1 h",
			Doc: "How long after an attempt's start a failure counts as the first again; 1 h by default.", Example: "10 min"},
		{Name: "restart-strategy.exponential-delay.attempts-before-reset-backoff", Type: connector.TypeInt, Doc: "How often in a row; without limit by default.", Example: "10"},
	}
}

// restartRule reads when a failed job is started again.
func restartRule(all map[string]string, o Options) (coordinator.Restart, error) {
	set, err := readSettings(all, o)
	if err != nil {
		return coordinator.Restart{}, err
	}
	switch set.String("restart-strategy.type") {
	case "none", "off", "disable":
		return coordinator.Restart{}, nil
	case "fixed-delay", "fixeddelay":
		return set.fixedDelay()
	case "failure-rate", "failurerate":
		return set.failureRate()
	case "exponential-delay", "exponentialdelay":
		return set.exponentialDelay(-1)
	}
	if o.RestartAttempts == 0 {
		return coordinator.Restart{}, nil
	}
	return set.exponentialDelay(o.RestartAttempts)
}

func (s settings) fixedDelay() (coordinator.Restart, error) {
	const prefix = "restart-strategy.fixed-delay."
	r := coordinator.Restart{Strategy: coordinator.FixedDelay, Attempts: int(s.Int(prefix + "attempts")), Delay: s.Duration(prefix + "delay")}
	switch {
	case r.Attempts < 0:
		return r, errs.Userf("%sattempts %d is negative", prefix, r.Attempts)
	case r.Delay < 0:
		return r, errs.Userf("%sdelay %s is negative", prefix, r.Delay)
	}
	return r, nil
}

func (s settings) failureRate() (coordinator.Restart, error) {
	const prefix = "restart-strategy.failure-rate."
	r := coordinator.Restart{Strategy: coordinator.FailureRate, Attempts: int(s.Int(prefix + "max-failures-per-interval")),
		Interval: s.Duration(prefix + "failure-rate-interval"), Delay: s.Duration(prefix + "delay")}
	switch {
	case r.Attempts < 1:
		return r, errs.Userf("%smax-failures-per-interval %d is not positive", prefix, r.Attempts)
	case r.Interval <= 0:
		return r, errs.Userf("%sfailure-rate-interval %s is not positive", prefix, r.Interval)
	case r.Delay < 0:
		return r, errs.Userf("%sdelay %s is negative", prefix, r.Delay)
	}
	return r, nil
}

// exponentialDelay reads the strategy; attempts is how often in a row where no option
// says so.
func (s settings) exponentialDelay(attempts int) (coordinator.Restart, error) {
	const prefix = "restart-strategy.exponential-delay."
	r := coordinator.Restart{Strategy: coordinator.ExponentialDelay, Attempts: s.integer(prefix+"attempts-before-reset-backoff", attempts),
		Delay: s.Duration(prefix + "initial-backoff"), Max: s.Duration(prefix + "max-backoff"),
		Multiplier: s.Double(prefix + "backoff-multiplier"), Jitter: s.Double(prefix + "jitter-factor"),
		ResetAfter: s.Duration(prefix + "reset-backoff-threshold")}
	switch {
	case s.Has(prefix+"attempts-before-reset-backoff") && r.Attempts < 1:
		return r, errs.Userf("%sattempts-before-reset-backoff %d is not positive", prefix, r.Attempts)
	case r.Delay < time.Millisecond:
		return r, errs.Userf("%sinitial-backoff %s is shorter than 1 ms", prefix, r.Delay)
	case r.Delay > r.Max:
		return r, errs.Userf("%sinitial-backoff %s is longer than the max-backoff, %s", prefix, r.Delay, r.Max)
	case !(r.Multiplier > 1): // NaN too
		return r, errs.Userf("%sbackoff-multiplier %v is not greater than 1", prefix, r.Multiplier)
	case !(r.Jitter >= 0 && r.Jitter <= 1):
		return r, errs.Userf("%sjitter-factor %v is not between 0 and 1", prefix, r.Jitter)
	case r.ResetAfter < time.Millisecond:
		return r, errs.Userf("%sreset-backoff-threshold %s is shorter than 1 ms", prefix, r.ResetAfter)
	}
	return r, nil
}
