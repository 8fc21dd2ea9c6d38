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
	key := newName(stmt.Key)
	warning, err := checkSetting(key, stmt.Value)
	if err != nil {
		return Result{}, settingPlace(err, stmt)
	}
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[key] = stmt.Value
	result := Result{Message: "set " + key + " = " + stmt.Value}
	if warning != "" {
		result.Warnings = []string{warning}
	}
	return result, nil
}

// settingPlace makes an error point at the value it is about, or at a key that is not
// known.
func settingPlace(err error, stmt *sql.Set) error {
	var e *errs.Error
	switch {
	case !errors.As(err, &e):
		return err
	case !isSetting(newName(stmt.Key)):
		return e.At(stmt.KeyPlace.Span)
	}
	return e.At(stmt.ValuePlace.Span)
}

// showSettings lists options with their values.
func (st *statement) showSettings(stmt *sql.Set) Result {
	var rows [][]string
	all := st.session.Settings()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !stmt.HasKey || key == newName(stmt.Key) {
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
	key := newName(stmt.Key)
	if err := misspelt(key); err != nil && !isSetting(key) {
		return Result{}, err.At(stmt.KeyPlace.Span)
	}
	delete(s.settings, key)
	if value, ok := initial[key]; ok {
		s.settings[key] = value
	}
	return Result{Message: "reset " + key}, nil
}
