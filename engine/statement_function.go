package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// The languages of CREATE FUNCTION. Functions of the first ones are in Go,
// registered under the name of the class.
var functionLanguages = []string{"JAVA", "SCALA", "PYTHON", "GO", "WASM", "HTTP"}

// createFunction declares a function and makes it ready, so that mistakes show at
// once.
func (st *statement) createFunction(stmt *sql.CreateFunction) (Result, error) {
	key, name, err := st.functionName(stmt.Name, stmt.System)
	if err != nil {
		return Result{}, err
	}
	if st.catalog.called.builtIn(name) {
		return Result{}, errs.Userf("%s is a built-in function, which a call would mean", name).At(stmt.Name.Span).
			WithHint("choose another name")
	}
	if st.session.hasFunction(key, stmt.Temporary) {
		if stmt.IfNotExists {
			return Result{Message: "function " + name + " exists already"}, nil
		}
		return Result{}, errs.Userf("there is already a function %s", name).At(stmt.Name.Span).
			WithHint("choose another name, or write IF NOT EXISTS")
	}
	f := meta.Function{Temporary: stmt.Temporary, Definition: functions.Definition{
		Name: name, Class: stmt.Class, Language: stmt.Language, Options: map[string]string{}}}
	for _, o := range stmt.With {
		f.Options[o.Key] = o.Value
	}
	if err := st.defineFunction(&f, stmt.ClassPlace.Span, stmt.With); err != nil {
		return Result{}, err
	}
	result := Result{Message: "created function " + name}
	if len(stmt.Using) > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s '%s' is not loaded: a function registered from Go stands in for the class",
			stmt.Using[0].Kind, stmt.Using[0].Path))
	}
	return result, st.session.swapFunction(swap[meta.Function]{key: key, now: &f, home: st.homeOfFunction(stmt.Name, stmt.System)}, stmt.Temporary)
}

// defineFunction checks a definition and keeps what it names; errors point at the
// class, or at the option in question.
func (st *statement) defineFunction(f *meta.Function, class errs.Span, with []sql.Option) error {
	if f.Language == "" {
		f.Language = functionLanguages[0]
	}
	if !slices.Contains(functionLanguages, f.Language) {
		return errs.Userf("there is no language %s", f.Language).At(class).
			WithHint("the languages are %s", strings.Join(functionLanguages, ", "))
	}
	err := st.session.engine.keep(&f.Definition)
	if err == nil {
		_, err = st.session.engine.load(f.Definition)
	}
	return atFunctionOption(err, class, with)
}

// atFunctionOption makes an error point at the option it is about, or at the class.
func atFunctionOption(err error, class errs.Span, with []sql.Option) error {
	if err == nil {
		return nil
	}
	var bad *connector.OptionError
	if errors.As(err, &bad) {
		for _, o := range with {
			if o.Key == bad.Option && bad.Value {
				class = o.ValuePlace.Span
			} else if o.Key == bad.Option {
				class = o.Span
			}
		}
	}
	return &errs.Error{Class: errs.ClassOf(err), Cause: err, Span: class}
}

// functionName gives the key and the name of a function; those of the system have no
// database.
func (st *statement) functionName(name sql.Name, system bool) (key, upper string, err error) {
	if system {
		upper = strings.ToUpper(name.Last())
		return systemPrefix + upper, upper, nil
	}
	relation, err := st.relationName(name)
	key = functionKey(st.catalog.splitKey(relation))
	return key, key, err
}

// alterFunction gives a function another class.
func (st *statement) alterFunction(stmt *sql.Alter) (Result, error) {
	key, name, err := st.functionName(stmt.Name, stmt.System)
	if err != nil {
		return Result{}, err
	}
	saw, ok := st.session.functionAt(key, stmt.Temporary)
	if !ok {
		if stmt.IfExists {
			return Result{Message: "nothing to alter"}, nil
		}
		return Result{}, st.noFunction(stmt.Name)
	}
	to, ok := stmt.Actions[0].(*sql.AlterClass)
	if !ok {
		return Result{}, errs.Unsupportedf("a function can only be given another class").At(stmt.Actions[0].Pos()).
			WithHint("write ALTER FUNCTION name AS 'class'")
	}
	f := saw
	f.Class, f.Module = to.Class, ""
	if to.Language != "" {
		f.Language = to.Language
	}
	if err := st.defineFunction(&f, to.ClassPlace.Span, nil); err != nil {
		return Result{}, err
	}
	w := swap[meta.Function]{key: key, saw: &saw, now: &f, home: st.homeOfFunction(stmt.Name, stmt.System)}
	return Result{Message: "altered function " + name}, st.session.swapFunction(w, stmt.Temporary)
}

// dropFunction forgets a function. Jobs that run keep it.
func (st *statement) dropFunction(stmt *sql.Drop) (Result, error) {
	key, name, err := st.functionName(stmt.Name, stmt.System)
	if err != nil {
		return Result{}, err
	}
	if !st.session.hasFunction(key, stmt.Temporary) {
		if stmt.IfExists {
			return Result{Message: "nothing to drop"}, nil
		}
		return Result{}, st.noFunction(stmt.Name)
	}
	return Result{Message: "dropped function " + name}, st.session.removeFunction(key, stmt.Temporary)
}

// noFunction names the nearest function.
func (st *statement) noFunction(at sql.Name) error {
	name := strings.ToUpper(at.Last())
	e := errs.Userf("there is no function %s of a user", name).At(at.Span)
	if _, ok := st.session.functionAt(functionKey(st.catalog.database, name), true); ok {
		return e.WithHint("it is temporary: write TEMPORARY FUNCTION")
	}
	if near := errs.Nearest(name, st.catalog.userFunctions(st.catalog.database)); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	return e
}

// function finds what a name calls: user is false for one that is built in.
func (st *statement) function(at sql.Name) (name string, f meta.Function, user bool, err error) {
	name = strings.ToUpper(at.Last())
	database := st.catalog.database
	if len(at.Parts) > 1 {
		if name, err = st.relationName(at); err != nil {
			return "", f, false, err
		}
		name, database = functionKey(st.catalog.splitKey(name)), defaultDatabase
	}
	f, user = st.catalog.called.find(name, database)
	if !user && !st.catalog.called.builtIn(name) {
		return name, f, user, st.noFunction(at)
	}
	return name, f, user, nil
}

// showCreateFunction prints the statement that declares a function, without its secrets.
func (st *statement) showCreateFunction(stmt *sql.Show) (Result, error) {
	name, f, user, err := st.function(*stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !user {
		return Result{}, errs.Userf("%s is built in, and was not created", name).At(stmt.Name.Span).WithHint("DESCRIBE FUNCTION EXTENDED %s tells of it", name)
	}
	shown := quoteName(strings.ToLower(stmt.Name.Last()))
	what := "FUNCTION"
	if _, system := st.catalog.called.system[name]; system {
		what = "SYSTEM FUNCTION"
	} else if home := st.home(*stmt.Name); home != st.home(sql.Name{Parts: stmt.Name.Parts[len(stmt.Name.Parts)-1:]}) {
		shown = quoteName(cmp.Or(home, defaultDatabase)) + "." + shown
	}
	text := create(f.Temporary, what) + shown + " AS " + types.QuoteString(f.Class) + " LANGUAGE " + f.Language
	if len(f.Options) > 0 {
		text += withText(f.Options, redact.Option)
	}
	return Result{Kind: ResultText, Message: text}, nil
}

// describeFunction gives Flink's lines about a function.
func (st *statement) describeFunction(stmt *sql.Describe) (Result, error) {
	name, f, user, err := st.function(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	called := st.catalog.called
	_, system := called.system[name]
	rows := [][]string{{"is system function", lower(boolText(!user || system))}}
	var entry functions.Entry
	if user {
		if entry, err = st.session.engine.load(f.Definition); err != nil {
			return Result{}, err
		}
		rows = append(rows, []string{"is temporary", lower(boolText(f.Temporary))}, []string{"class name", f.Class},
			[]string{"function language", f.Language})
	} else {
		entry = called.base.entry(name)
		rows = append(rows, []string{"is temporary", "false"})
	}
	if stmt.Extended {
		rows = append(rows, extendedRows(entry)...)
		for _, key := range sortedKeys(f.Options) {
			rows = append(rows, []string{"option '" + key + "'", redact.Option(key, f.Options[key])})
		}
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"info name", "info value"}, rows)}, nil
}

func extendedRows(e functions.Entry) [][]string {
	deterministic := e.Scalar == nil || !e.Scalar.Volatile
	return [][]string{{"kind", strings.ToUpper(string(e.Kind()))}, {"signature", e.Usage()}, {"is deterministic", lower(boolText(deterministic))}}
}

// entry finds a built-in or registered function.
func (p parts) entry(name string) functions.Entry {
	if f, ok := p.functions.Function(name); ok {
		return functions.Entry{Scalar: f}
	}
	if f, ok := p.functions.TableFunction(name); ok {
		return functions.Entry{Table: f}
	}
	sig, _ := p.aggregates.Aggregate(name)
	for _, f := range p.aggregates.Functions() {
		if f.Name == sig.Name {
			return functions.Entry{Aggregate: &f}
		}
	}
	return functions.Entry{}
}

// functionAt finds a declaration among the session's or the engine's.
func (s *Session) functionAt(key string, temporary bool) (meta.Function, bool) {
	if temporary {
		s.mu.Lock()
		defer s.mu.Unlock()
		f, ok := s.functions[key]
		return f, ok
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	f, ok := s.engine.functions[key]
	return f, ok
}

func (s *Session) hasFunction(key string, temporary bool) bool {
	_, ok := s.functionAt(key, temporary)
	return ok
}

// removeFunction forgets a declaration.
func (s *Session) removeFunction(key string, temporary bool) error {
	saw, ok := s.functionAt(key, temporary)
	if !ok {
		return errChanged
	}
	return s.swapFunction(swap[meta.Function]{key: key, saw: &saw}, temporary)
}

// homeOfFunction is the database of a function that is not the system's.
func (st *statement) homeOfFunction(name sql.Name, system bool) string {
	if system {
		return ""
	}
	return st.home(name)
}
