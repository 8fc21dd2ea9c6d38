package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/temporal"
)

// SettingsSpec describes the SET options that have an effect, for the
// documentation.
func SettingsSpec() connector.Spec { return settingsSpec() }

// settingsSpec describes the SET options that have an effect.
func settingsSpec() connector.Spec {
	return connector.Spec{Name: "session", Options: []connector.OptionSpec{
		{Name: "parallelism.default", Type: connector.TypeInt, Doc: "Number of tasks of a stage.", Example: "4"},
		{Name: "pipeline.max-parallelism", Type: connector.TypeInt, Doc: "Number of key groups of a new job; bounds its parallelism for ever.", Example: "128"},
		{Name: "pipeline.name", Type: connector.TypeString, Doc: "Name of the jobs started next.", Example: "hourly counts"},
		{Name: "execution.runtime-mode", Type: connector.TypeEnum, Values: []string{"streaming", "batch", "automatic"},
			Doc: "Accepted for scripts written for Flink; every mode gives the same final result.", Example: "streaming"},
		{Name: "execution.batch-rows", Type: connector.TypeInt, Doc: "The most rows of a batch.", Example: "4096"},
		{Name: "execution.latency", Type: connector.TypeDuration, Doc: "How long an operator may hold rows back to make larger batches.", Example: "5 ms"},
		{Name: "execution.memory-budget", Type: connector.TypeMemorySize, Doc: "The most memory that a job's state takes; the rest lies on disk.", Example: "512 mb"},
		{Name: "execution.checkpointing.interval", Type: connector.TypeDuration, Doc: "Time between checkpoints; 0 takes none but the last.", Example: "10 s"},
		{Name: "execution.checkpointing.min-pause", Type: connector.TypeDuration, Doc: "Least time between the end of a checkpoint and the start of the next.", Example: "1 s"},
		{Name: "execution.checkpointing.timeout", Type: connector.TypeDuration, Doc: "A checkpoint that takes longer is abandoned.", Example: "10 min"},
		{Name: "execution.state-recovery.path", Type: connector.TypeString, Doc: "The savepoint that the jobs started next go on from.", Example: "savepoints/0190-7"},
		{Name: "execution.state-recovery.ignore-unclaimed-state", Type: connector.TypeBool, Doc: "Whether state in the savepoint that the job has no use for is dropped instead of being an error.", Example: "true"},
		{Name: "restart-strategy.type", Type: connector.TypeEnum, Values: []string{"none", "exponential-delay", "fixed-delay"},
			Doc: "Whether a failed job is started again.", Example: "exponential-delay"},
		{Name: "restart-strategy.fixed-delay.attempts", Type: connector.TypeInt, Doc: "How often in a row, with fixed delays.", Example: "3"},
		{Name: "restart-strategy.fixed-delay.delay", Type: connector.TypeDuration, Doc: "The wait before each attempt.", Example: "10 s"},
		{Name: "restart-strategy.exponential-delay.initial-backoff", Type: connector.TypeDuration, Doc: "The wait before the first attempt.", Example: "1 s"},
		{Name: "restart-strategy.exponential-delay.max-backoff", Type: connector.TypeDuration, Doc: "The longest wait.", Example: "1 min"},
		{Name: "restart-strategy.exponential-delay.attempts-before-reset-backoff", Type: connector.TypeInt, Doc: "How often in a row; without limit by default.", Example: "10"},
		{Name: "table.local-time-zone", Type: connector.TypeString, Doc: "The session's time zone: an IANA name, UTC, or an offset.", Example: "Europe/Zurich"},
		{Name: "table.dml-sync", Type: connector.TypeBool, Doc: "Whether a script waits for each INSERT's job to end.", Example: "true"},
		{Name: "table.exec.state.ttl", Type: connector.TypeDuration, Doc: "State that was not used for so long may be dropped; 0 keeps it.", Example: "1 d"},
		{Name: "table.exec.source.idle-timeout", Type: connector.TypeDuration, Doc: "A source split without rows for so long does not hold back event time; 0 never.", Example: "30 s"},
		{Name: "table.exec.emit.early-fire.enabled", Type: connector.TypeBool, Doc: "Whether windows are emitted, as updates, before they are due.", Example: "true"},
		{Name: "table.exec.emit.early-fire.delay", Type: connector.TypeDuration, Doc: "How long after a change a window is emitted early; 0 after each batch.", Example: "5 s"},
		{Name: "table.exec.emit.late-fire.enabled", Type: connector.TypeBool, Doc: "Whether late rows change windows that were due, within allow-lateness.", Example: "true"},
		{Name: "table.exec.emit.late-fire.delay", Type: connector.TypeDuration, Doc: "How long after a late row its window is emitted again; 0 after each batch.", Example: "1 s"},
		{Name: "table.exec.emit.allow-lateness", Type: connector.TypeDuration, Doc: "How long in event time after a window was due rows of it still count.", Example: "1 min"},
		{Name: "table.exec.late-rows.table", Type: connector.TypeString, Doc: "Table that rows coming after their windows are sent to, by column name; without it they are only counted.", Example: "late"},
		{Name: "table.exec.mini-batch.enabled", Type: connector.TypeBool, Doc: "Whether operators gather rows for allow-latency instead of execution.latency.", Example: "true"},
		{Name: "table.exec.mini-batch.allow-latency", Type: connector.TypeDuration, Doc: "How long mini-batches gather rows.", Example: "5 s"},
		{Name: "table.exec.mini-batch.size", Type: connector.TypeBigInt, Doc: "Accepted for scripts written for Flink; execution.batch-rows bounds batches.", Example: "5000"},
		{Name: "table.optimizer.", Type: connector.TypeMapPrefix, Doc: "Switches of the planner.", Example: "ONE_PHASE"},
		{Name: "table.exec.", Type: connector.TypeMapPrefix, Doc: "Further switches of the planner.", Example: "AUTO"},
	}}
}

// knownPrefixes are of Flink options that have no meaning here.
var knownPrefixes = []string{"state.", "taskmanager.", "jobmanager.", "rest.", "sql-client.", "pipeline.", "execution.",
	"table.", "cluster.", "metrics.", "restart-strategy.", "parallelism.", "high-availability."}

// CheckSetting checks one SET option without setting it: warning is not empty when
// the option has no effect, and err tells of a value it does not take.
func CheckSetting(key, value string) (warning string, err error) { return checkSetting(key, value) }

// checkSetting checks one option. Unknown ones only give a warning, so that scripts
// written for Flink run.
func checkSetting(key, value string) (warning string, err error) {
	spec := settingsSpec()
	if known(spec, key) {
		return "", checkValue(spec, key, value)
	}
	var names []string
	for _, o := range spec.Options {
		names = append(names, o.Name)
	}
	warning = "option '" + key + "' has no effect"
	if near := errs.Nearest(key, names); near != "" {
		return warning + "; did you mean '" + near + "'?", nil
	}
	if !slices.ContainsFunc(knownPrefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
		warning += ": it is not known"
	}
	return warning, nil
}

// known reports whether a spec has an option of that name or prefix.
func known(spec connector.Spec, key string) bool {
	return slices.ContainsFunc(spec.Options, func(o connector.OptionSpec) bool {
		return o.Name == key || o.Type == connector.TypeMapPrefix && strings.HasPrefix(key, o.Name)
	})
}

func checkValue(spec connector.Spec, key, value string) error {
	if key == "table.local-time-zone" {
		_, err := zone(value)
		return err
	}
	return spec.Validate(map[string]string{key: value})
}

// zone finds a time zone by its name; Java's forms of offsets are understood.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "default" {
		return time.UTC, nil
	}
	location, ok := temporal.ParseZone(name)
	if !ok {
		return nil, errs.Userf("there is no time zone '%s'", name).
			WithHint("use an IANA name such as 'Europe/Zurich', 'UTC', or an offset such as 'GMT+01:00'")
	}
	return location, nil
}

// settings are a session's options, read.
type settings struct {
	connector.Options
	engine Options
	zone   *time.Location
	all    map[string]string
}

// readSettings reads a session's options; those that have no effect are left out.
func readSettings(all map[string]string, o Options) (settings, error) {
	spec := settingsSpec()
	effective := maps.Clone(all)
	maps.DeleteFunc(effective, func(key, _ string) bool { return !known(spec, key) })
	parsed, err := spec.Parse(effective)
	if err != nil {
		return settings{}, err
	}
	location, err := zone(all["table.local-time-zone"])
	return settings{Options: parsed, engine: o, zone: location, all: maps.Clone(all)}, err
}

// duration gives an option's duration, or another one where it is not set.
func (s settings) duration(name string, or time.Duration) time.Duration {
	if !s.Has(name) {
		return or
	}
	return s.Duration(name)
}

func (s settings) integer(name string, or int) int {
	if !s.Has(name) {
		return or
	}
	return int(s.Int(name))
}

// latency is how long operators hold rows back.
func (s settings) latency() time.Duration {
	latency := s.duration("execution.latency", s.engine.Latency)
	if s.Bool("table.exec.mini-batch.enabled") {
		latency = s.duration("table.exec.mini-batch.allow-latency", latency)
	}
	return max(latency, time.Millisecond)
}

// budgetBytes bounds a job's state in memory.
func (s settings) budgetBytes() int64 {
	if s.Has("execution.memory-budget") {
		return s.Bytes("execution.memory-budget")
	}
	return s.engine.MemoryBudgetBytes
}
