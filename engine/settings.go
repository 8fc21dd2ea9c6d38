package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/temporal"
)

// CheckSetting checks one SET option without setting it: warning is not empty when
// the option has no effect, and err tells of an option that is not known or a value
// it does not take.
func CheckSetting(key, value string) (warning string, err error) { return checkSetting(key, value) }

// checkSetting checks one option. Those that only Flink has a use for, and those that
// no one knows, are accepted, so that scripts written for it run, with a warning that
// says why they do nothing.
func checkSetting(key, value string) (warning string, err error) {
	key = newName(key)
	spec := settingsSpec()
	if known(spec, key) {
		return "", checkValue(spec, key, value)
	}
	if why := noEffect(key); why != "" {
		return "option '" + key + "' has no effect here: " + why, nil
	}
	if err := misspelt(key); err != nil {
		return "", err
	}
	return "option '" + key + "' has no effect here: there is none of that name; docs/operations.md lists those there are", nil
}

// newName is what an option is called now.
func newName(key string) string {
	if name, ok := oldNames[key]; ok {
		return name
	}
	return key
}

// isSetting reports an option that is known, with an effect or without.
func isSetting(key string) bool { return known(settingsSpec(), key) || noEffect(key) != "" }

// misspelt is the error for a key that neither engine knows and that looks like one
// that is; others are let pass, as Flink takes any.
func misspelt(key string) *errs.Error {
	var names []string
	for _, o := range settingsSpec().Options {
		names = append(names, o.Name)
	}
	for _, o := range flinkOptions {
		names = append(names, o.Name)
	}
	near := errs.Nearest(key, names)
	if near == "" {
		return nil
	}
	return errs.Userf("there is no option '%s'", key).WithHint("did you mean '%s'?", near)
}

// known reports whether a spec has an option of that name.
func known(spec connector.Spec, key string) bool {
	return slices.ContainsFunc(spec.Options, func(o connector.OptionSpec) bool { return o.Name == key })
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
	all = withNewNames(all)
	effective := maps.Clone(all)
	maps.DeleteFunc(effective, func(key, _ string) bool { return !known(spec, key) })
	parsed, err := spec.Parse(effective)
	if err != nil {
		return settings{}, err
	}
	location, err := zone(all["table.local-time-zone"])
	return settings{Options: parsed, engine: o, zone: location, all: all}, err
}

// withNewNames copies settings, those under old names under their new ones.
func withNewNames(all map[string]string) map[string]string {
	out := make(map[string]string, len(all))
	for key, value := range all {
		name := newName(key)
		if _, both := all[name]; both && name != key {
			continue
		}
		out[name] = value
	}
	return out
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
