package engine

import (
	"errors"
	"maps"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// set changes one option, shows one, or lists all.
func (st *statement) set(stmt *sql.Set) (Result, error) {
	if !stmt.HasKey || !stmt.HasValue {
		return st.showSettings(stmt), nil
	}
	warning, err := checkSetting(stmt.Key, stmt.Value)
	if err != nil {
		var e *errs.Error
		if errors.As(err, &e) {
			return Result{}, e.At(stmt.ValuePlace.Span)
		}
		return Result{}, err
	}
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[stmt.Key] = stmt.Value
	result := Result{Message: "set " + stmt.Key + " = " + stmt.Value}
	if warning != "" {
		result.Warnings = []string{warning}
	}
	return result, nil
}

// showSettings lists options with their values.
func (st *statement) showSettings(stmt *sql.Set) Result {
	var rows [][]string
	all := st.session.Settings()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !stmt.HasKey || key == stmt.Key {
			rows = append(rows, []string{key, all[key]})
		}
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"key", "value"}, rows)}
}

// reset gives one option or all the value the engine was opened with.
func (st *statement) reset(stmt *sql.Reset) (Result, error) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	initial := s.engine.opts.Settings
	if !stmt.HasKey {
		s.settings = map[string]string{}
		maps.Copy(s.settings, initial)
		return Result{Message: "reset all options"}, nil
	}
	delete(s.settings, stmt.Key)
	if value, ok := initial[stmt.Key]; ok {
		s.settings[stmt.Key] = value
	}
	return Result{Message: "reset " + stmt.Key}, nil
}
