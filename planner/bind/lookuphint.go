package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// lookupHint is a LOOKUP hint of a SELECT.
type lookupHint struct {
	table string
	spec  logical.LookupHint
}

// The settings that LOOKUP hints override.
const (
	lookupCapacity = "table.exec.async-lookup.buffer-capacity"
	lookupTimeout  = "table.exec.async-lookup.timeout"
	lookupOrder    = "table.exec.async-lookup.output-mode"
)

// addLookup reads LOOKUP('table' = 'name', …).
func (x *blockHints) addLookup(h sql.Hint, tables []string) error {
	hint := lookupHint{}
	retries := map[string]bool{}
	for _, o := range h.Options {
		if err := hint.set(o, retries); err != nil {
			return err
		}
	}
	switch {
	case hint.table == "":
		return errs.Userf("LOOKUP doesn't say which table it is for").At(h.Pos()).WithHint("add 'table' = 'name', the name or alias in FROM")
	case !slices.Contains(tables, hint.table):
		return unknownHinted(h, hint.table, tables).At(h.Pos())
	case len(retries) > 0 && len(retries) < 4:
		return errs.Userf("a retry of LOOKUP needs all four of 'retry-predicate', 'retry-strategy', 'fixed-delay' and 'max-attempts'").At(h.Pos()).
			WithHint("for example 'retry-predicate' = 'lookup_miss', 'retry-strategy' = 'fixed_delay', 'fixed-delay' = '10s', 'max-attempts' = '3'")
	}
	x.lookups = append(x.lookups, hint)
	return nil
}

// set reads one option; retries collects the names of those about retries.
func (h *lookupHint) set(o sql.Option, retries map[string]bool) error {
	var err error
	switch o.Key {
	case "table":
		h.table = o.Value
	case "async":
		var async bool
		if async, err = strconv.ParseBool(o.Value); err == nil {
			h.spec.Async = &async
		}
	case "output-mode":
		h.spec.Unordered, err = outputMode(o.Value)
	case "capacity":
		h.spec.Capacity, err = positive(o.Value)
	case "timeout":
		h.spec.TimeoutMillis, err = durationMillis(o.Value)
	case "retry-predicate":
		retries[o.Key], err = true, oneOf(o.Value, "lookup_miss")
	case "retry-strategy":
		retries[o.Key], err = true, oneOf(o.Value, "fixed_delay")
	case "fixed-delay":
		retries[o.Key] = true
		h.spec.RetryMillis, err = durationMillis(o.Value)
	case "max-attempts":
		retries[o.Key] = true
		h.spec.RetryAttempts, err = positive(o.Value)
	default:
		known := []string{"table", "async", "output-mode", "capacity", "timeout", "retry-predicate", "retry-strategy", "fixed-delay", "max-attempts"}
		return errs.Userf("LOOKUP has no option '%s'", o.Key).At(o.Pos()).WithHint("it knows %s", list(known))
	}
	if err != nil {
		return errs.Userf("LOOKUP: '%s' = '%s': %s", o.Key, o.Value, err).At(o.Pos())
	}
	return nil
}

func durationMillis(text string) (int64, error) {
	d, err := Duration(text)
	return d.Milliseconds(), err
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, errs.Userf("it is a whole number from 1 on")
	}
	return n, nil
}

func oneOf(text string, words ...string) error {
	if slices.Contains(words, strings.ToLower(text)) {
		return nil
	}
	return errs.Userf("it is %s", strings.Join(words, " or "))
}

// outputMode tells whether rows may overtake each other.
func outputMode(text string) (unordered bool, err error) {
	word := strings.ToLower(text)
	return word == "allow_unordered", oneOf(word, "ordered", "allow_unordered")
}

// lookupHint is what the hint of a table or alias says, over the session's settings.
func (b *Binder) lookupHint(ref *sql.NamedTable) (logical.LookupHint, error) {
	var out logical.LookupHint
	for _, h := range b.hints.lookups {
		if h.table == tableName(ref) {
			out = h.spec
		}
	}
	var err error
	set := func(key string, absent bool, read func(text string) error) {
		if text := b.settings[key]; text != "" && absent && err == nil {
			err = errs.Wrap(errs.User, read(text), "'%s' = '%s'", key, text)
		}
	}
	set(lookupCapacity, out.Capacity == 0, func(text string) (err error) { out.Capacity, err = positive(text); return err })
	set(lookupTimeout, out.TimeoutMillis == 0, func(text string) (err error) { out.TimeoutMillis, err = durationMillis(text); return err })
	set(lookupOrder, !out.Unordered, func(text string) (err error) { out.Unordered, err = outputMode(text); return err })
	return out, err
}
