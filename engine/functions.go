package engine

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/engine/functions/wasm"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// A function's key is its name in upper case, and "database.NAME" outside the
// default database: names of databases differ by case. A call of a bare name means, as in Flink, a temporary system
// function, a built-in or registered one, a temporary one, one of the database.

// functionKey is the key of a function in a database.
func functionKey(database, name string) string {
	return relationKey(database, strings.ToUpper(name))
}

// calledFunctions are the user functions of one statement. They are made ready when
// the planner asks for them, in registries of the statement's own.
type calledFunctions struct {
	engine *Engine
	// system and temporary are the session's, stored the catalog's.
	system, temporary, stored map[string]meta.Function
	base                      parts
	// scalars and aggregates are base's with the functions called so far.
	scalars    *expr.Registry
	aggregates *agg.Registry
	ready      map[string]meta.Function
	models     calledModels
}

// newCalled takes a snapshot for a statement.
func (s *Session) newCalled(base parts) *calledFunctions {
	c := &calledFunctions{engine: s.engine, base: base, scalars: base.functions, aggregates: base.aggregates,
		system: map[string]meta.Function{}, temporary: map[string]meta.Function{}, ready: map[string]meta.Function{}, models: s.newCalledModels()}
	s.engine.mu.Lock()
	c.stored = maps.Clone(s.engine.functions)
	s.engine.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, f := range s.functions {
		if name, ok := strings.CutPrefix(key, systemPrefix); ok {
			c.system[name] = f
		} else {
			c.temporary[key] = f
		}
	}
	return c
}

// systemPrefix tells temporary system functions among a session's.
const systemPrefix = "$system."

// find gives the function that a name stands for in a database; ok is false when it
// is a built-in one, or none.
func (c *calledFunctions) find(name, database string) (f meta.Function, ok bool) {
	if f, ok = c.system[strings.ToUpper(name)]; ok {
		return f, true
	}
	if c.builtIn(name) {
		return f, false
	}
	in, bare, qualified := strings.Cut(name, ".")
	if !qualified {
		in, bare = database, name
	}
	key := functionKey(in, bare)
	if f, ok = c.temporary[key]; ok {
		return f, true
	}
	if f, ok = c.stored[key]; ok || !qualified {
		return f, ok
	}
	return c.fold(key)
}

// fold finds a function by its key in any case: calls come in upper case with their
// database. Of several databases that differ by case the first one in order counts.
func (c *calledFunctions) fold(key string) (f meta.Function, ok bool) {
	for _, m := range []map[string]meta.Function{c.temporary, c.stored} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if strings.EqualFold(k, key) {
				return m[k], true
			}
		}
	}
	return f, false
}

func (c *calledFunctions) builtIn(name string) bool {
	if _, ok := c.base.functions.Function(name); ok {
		return true
	}
	if _, ok := c.base.functions.TableFunction(name); ok {
		return true
	}
	_, ok := c.base.aggregates.Aggregate(name)
	return ok
}

// resolve makes the function that a name stands for ready and gives the name it is
// registered under.
func (c *calledFunctions) resolve(name, database string) string {
	f, ok := c.find(name, database)
	if !ok {
		return name
	}
	if _, ready := c.ready[f.Name]; ready {
		return f.Name
	}
	c.own()
	entry, err := c.engine.load(f.Definition)
	if err != nil {
		entry = broken(f.Name, err)
	}
	if err := entry.Register(c.scalars, c.aggregates); err == nil {
		c.ready[f.Name] = f
	}
	return f.Name
}

// own makes the registries the statement's own before something is added.
func (c *calledFunctions) own() {
	if len(c.ready)+len(c.models.ready) == 0 {
		c.scalars, c.aggregates = c.scalars.Clone(), c.aggregates.Clone()
	}
}

// broken is a function that can't be made ready: calls of it say why.
func broken(name string, err error) functions.Entry {
	return functions.Entry{Scalar: &expr.Function{Name: name, Family: "user",
		Resolve: func([]rex.Expr) (rex.Resolved, error) { return rex.Resolved{}, err },
		Bind:    func(*expr.Call) (expr.Kernel, error) { return nil, err }}}
}

// used lists the functions that the statement calls, for its job.
func (c *calledFunctions) used() []meta.Function {
	var all []meta.Function
	for _, name := range slices.Sorted(maps.Keys(c.ready)) {
		all = append(all, c.ready[name])
	}
	return all
}

// names lists the functions of the system and of a database, of those that there are
// beside the default one.
func (c *calledFunctions) names(database string, databases map[string]bool) []string {
	all := slices.Collect(maps.Keys(c.system))
	for _, m := range []map[string]meta.Function{c.temporary, c.stored} {
		for key := range m {
			if name, ok := strings.CutPrefix(key, functionKey(database, "")); ok && (database != defaultDatabase || !inAny(key, databases)) {
				all = append(all, name)
			}
		}
	}
	return all
}

// inAny tells that a function's key is in one of the databases.
func inAny(key string, databases map[string]bool) bool {
	for database := range databases {
		if strings.HasPrefix(key, functionKey(database, "")) {
			return true
		}
	}
	return false
}

// catalogFunctions are a catalog's functions for the planner.
type catalogFunctions struct{ c *sessionCatalog }

// Scalar finds a scalar function.
func (f catalogFunctions) Scalar(name string) (rex.Signature, bool) {
	name = f.c.called.resolve(name, f.c.database)
	return f.c.called.scalars.Scalar(name)
}

// Aggregate finds an aggregate function.
func (f catalogFunctions) Aggregate(name string) (rex.Signature, bool) {
	name = f.c.called.resolve(name, f.c.database)
	return f.c.called.aggregates.Aggregate(name)
}

// Table finds a table function.
func (f catalogFunctions) Table(name string) (rex.TableSignature, bool) {
	name = f.c.called.resolve(name, f.c.database)
	return f.c.called.scalars.Table(name)
}

// Names lists all functions in order.
func (f catalogFunctions) Names() []string {
	names := append(f.c.parts.functions.Names(), f.c.parts.aggregates.Names()...)
	names = append(names, f.c.called.names(f.c.database, f.c.databases)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// Fold evaluates constants.
func (f catalogFunctions) Fold(e rex.Expr) (rex.Value, bool) { return f.c.called.scalars.Fold(e) }

// userFunctions lists the registered functions and those of a database.
func (c *sessionCatalog) userFunctions(database string) []string {
	all := append(c.called.engine.registeredNames(), c.called.names(database, c.databases)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// registeredNames lists the functions registered from Go.
func (e *Engine) registeredNames() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, f := range e.extras.scalar {
		all = append(all, strings.ToUpper(f.Name))
	}
	for _, f := range e.extras.aggregates {
		all = append(all, strings.ToUpper(f.Name))
	}
	for _, f := range e.extras.tables {
		all = append(all, strings.ToUpper(f.Name))
	}
	return all
}

// partsWith are the registries with functions and models of the catalog, for a job.
func (e *Engine) partsWith(called []meta.Function, models []meta.Model) (parts, error) {
	p := e.partsNow()
	if len(called)+len(models) == 0 {
		return p, nil
	}
	p.functions, p.aggregates = p.functions.Clone(), p.aggregates.Clone()
	for _, f := range called {
		entry, err := e.load(f.Definition)
		if err != nil {
			return p, err
		}
		if err := entry.Register(p.functions, p.aggregates); err != nil {
			return p, err
		}
	}
	for _, m := range models {
		f, err := p.models.Function(m.Definition)
		if err == nil {
			err = p.functions.RegisterTable(f)
		}
		if err != nil {
			return p, errs.Wrap(errs.User, err, "model %s", m.Name)
		}
	}
	return p, nil
}

// openFunctions reads the catalog's functions and models.
func (e *Engine) openFunctions() error {
	stored, err := e.meta.Functions()
	if err != nil {
		return err
	}
	for _, f := range stored {
		if f, err = e.rekeyed(f); err != nil {
			return err
		}
		e.functions[f.Name] = f
	}
	if err := e.openModels(); err != nil {
		return err
	}
	return e.tidyModules()
}

// rekeyed gives a function the key that it has today: once the database's name was in
// upper case, too.
func (e *Engine) rekeyed(f meta.Function) (meta.Function, error) {
	old := f.Name
	in, name, qualified := strings.Cut(old, ".")
	if _, there := e.databases[in]; there || !qualified {
		return f, nil
	}
	for _, database := range slices.Sorted(maps.Keys(e.databases)) {
		if strings.ToUpper(database) != in {
			continue
		}
		f.Name = functionKey(database, name)
		if err := e.meta.PutFunction(f); err != nil {
			return f, err
		}
		return f, e.meta.DeleteFunction(old)
	}
	return f, nil
}

// library keeps what functions were made of, which takes long to make.
type library struct {
	mu      sync.Mutex
	modules map[moduleKey]*wasm.Module
}

// moduleKey tells compiled modules apart.
type moduleKey struct {
	hash   string
	limits wasm.Limits
}

func (l *library) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.modules {
		m.Close()
	}
	l.modules = nil
}

// load makes a function ready.
func (e *Engine) load(d functions.Definition) (functions.Entry, error) {
	switch d.Language {
	case "WASM":
		return e.loadModule(d)
	case "HTTP":
		return remote.New(d)
	default:
		return e.standIn(d)
	}
}

// loadModule finds a function in its module.
func (e *Engine) loadModule(d functions.Definition) (functions.Entry, error) {
	settings, err := wasm.Parse(d.Options)
	if err != nil {
		return functions.Entry{}, err
	}
	e.library.mu.Lock()
	defer e.library.mu.Unlock()
	key := moduleKey{d.Module, settings.Limits}
	m, ok := e.library.modules[key]
	if !ok {
		code, err := e.readModule(d)
		if err != nil {
			return functions.Entry{}, err
		}
		if m, err = wasm.Compile(d.Class, code, settings.Limits); err != nil {
			return functions.Entry{}, err
		}
		if e.library.modules == nil {
			e.library.modules = map[moduleKey]*wasm.Module{}
		}
		e.library.modules[key] = m
	}
	return m.Function(d.Name, settings.Symbol)
}

// standIn finds the Go function that is registered under the name of a class.
func (e *Engine) standIn(d functions.Definition) (functions.Entry, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.extras.scalar {
		if strings.EqualFold(f.Name, d.Class) {
			return functions.Entry{Scalar: &f}.Named(d.Name), nil
		}
	}
	for _, f := range e.extras.aggregates {
		if strings.EqualFold(f.Name, d.Class) {
			return functions.Entry{Aggregate: &f}.Named(d.Name), nil
		}
	}
	for _, f := range e.extras.tables {
		if strings.EqualFold(f.Name, d.Class) {
			return functions.Entry{Table: &f}.Named(d.Name), nil
		}
	}
	return functions.Entry{}, errs.Userf("no Go function is registered as '%s', and this program runs no %s", d.Class, languageName(d.Language)).
		WithHint("register one under that name, see docs/embedding.md, or write LANGUAGE WASM or LANGUAGE HTTP")
}

func languageName(language string) string {
	switch language {
	case "GO":
		return "other language without LANGUAGE"
	case "":
		return "Java"
	}
	return language[:1] + strings.ToLower(language[1:])
}
