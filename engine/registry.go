package engine

import (
	"fmt"
	"os"

	"github.com/thalweg/thalweg/connectors/all"
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/matview"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// extras are the functions that were registered besides the built-in ones.
type extras struct {
	scalar     []expr.Function
	aggregates []agg.Function
	tables     []expr.TableFunction
}

// openParts makes the registries.
func (e *Engine) openParts() error {
	connectors, err := all.Registry(e.opts.Connectors...)
	if err != nil {
		return err
	}
	workDir := e.opts.WorkDir
	if workDir == "" {
		if workDir, err = os.Getwd(); err != nil {
			return errs.Wrap(errs.Resource, err, "find the working directory")
		}
	}
	stdout := e.opts.Stdout
	if stdout == nil {
		stdout = func(line string) { fmt.Println(line) }
	}
	if e.parts.models, err = e.modelProviders(); err != nil {
		return err
	}
	e.parts.connectors = connectors
	e.parts.env = connector.Env{DataDir: e.dir, WorkDir: workDir, Stdout: stdout, Shared: e.shared}
	e.extras = extras{scalar: e.opts.Functions, aggregates: e.opts.Aggregates, tables: e.opts.TableFunctions}
	return e.rebuildFunctions()
}

// rebuildFunctions makes new function registries; those that jobs use stay as they
// are.
func (e *Engine) rebuildFunctions() error {
	functions, aggregates := expr.NewRegistry(), agg.NewRegistry()
	for _, f := range e.extras.scalar {
		if err := functions.Register(f); err != nil {
			return err
		}
	}
	for _, f := range e.extras.tables {
		if err := functions.RegisterTable(f); err != nil {
			return err
		}
	}
	for _, f := range e.extras.aggregates {
		if err := aggregates.Register(f); err != nil {
			return err
		}
	}
	e.parts.functions, e.parts.aggregates = functions, aggregates
	return nil
}

// partsNow copies the registries.
func (e *Engine) partsNow() parts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.parts
}

// RegisterFunction adds a scalar function for statements from now on; one with a
// taken name is a user error. Functions that resumed jobs need belong into
// Options.Functions.
func (e *Engine) RegisterFunction(f expr.Function) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.extras.scalar
	e.extras.scalar = append(before[:len(before):len(before)], f)
	if err := e.rebuildFunctions(); err != nil {
		e.extras.scalar = before
		return err
	}
	return nil
}

// RegisterTableFunction adds a table function, for LATERAL TABLE(f(…)), to
// statements from now on; one with a taken name is a user error. Functions that
// resumed jobs need belong into Options.TableFunctions.
func (e *Engine) RegisterTableFunction(f expr.TableFunction) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.extras.tables
	e.extras.tables = append(before[:len(before):len(before)], f)
	if err := e.rebuildFunctions(); err != nil {
		e.extras.tables = before
		return err
	}
	return nil
}

// RegisterAggregate adds an aggregate function for statements from now on; one with a
// taken name is a user error. Functions that resumed jobs need belong into
// Options.Aggregates.
func (e *Engine) RegisterAggregate(f agg.Function) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.extras.aggregates
	e.extras.aggregates = append(before[:len(before):len(before)], f)
	if err := e.rebuildFunctions(); err != nil {
		e.extras.aggregates = before
		return err
	}
	return nil
}

// RegisterConnector adds a connector for tables created from now on; one with a
// taken name is a user error. Connectors that resumed jobs need belong into
// Options.Connectors.
func (e *Engine) RegisterConnector(c connector.Connector) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	more, err := e.parts.connectors.With(c)
	if err != nil {
		return err
	}
	e.parts.connectors = more
	return nil
}

// shared finds a process-wide service for a connector.
func (e *Engine) shared(name string) any {
	if name == streamsService {
		store, err := e.streams()
		if err != nil {
			e.log.Error("the built-in log can't be opened", "error", err)
			return nil
		}
		return store
	}
	if name == matview.Name {
		store, err := e.views()
		if err != nil {
			e.log.Error("the materialized views can't be opened", "error", err)
			return nil
		}
		return store
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.services[name]
}

// closeServices closes what connectors share.
func (e *Engine) closeServices() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var first error
	for name, s := range e.services {
		if c, ok := s.(interface{ Close() error }); ok {
			if err := c.Close(); first == nil {
				first = errs.Wrap(errs.Resource, err, "close %s", name)
			}
		}
	}
	clear(e.services)
	return first
}
