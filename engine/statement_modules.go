package engine

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// coreModule is the module of the built-in functions, the only one.
const coreModule = "core"

// modules runs LOAD MODULE, UNLOAD MODULE and USE MODULES, which change nothing here:
// the built-in functions are always there, and others are not made by modules.
func modules(stmt *sql.Modules) (Result, error) {
	seen := map[string]bool{}
	for _, name := range stmt.Names {
		switch {
		case name.Text != coreModule && stmt.Verb == "LOAD":
			return Result{}, errs.Unsupportedf("there is no module %s to be loaded", name.Text).At(name.Pos()).
				WithHint("a module of Flink's is Java; functions of one's own are made by CREATE FUNCTION or registered in Go, see docs/embedding.md")
		case name.Text != coreModule:
			return Result{}, errs.Userf("no module %s is loaded", name.Text).At(name.Pos()).WithHint("there is %s", coreModule)
		case seen[name.Text]:
			return Result{}, errs.Userf("the module %s is named twice", name.Text).At(name.Pos())
		}
		seen[name.Text] = true
	}
	switch stmt.Verb {
	case "LOAD":
		return Result{}, errs.Userf("the module %s is loaded already", coreModule).At(stmt.Names[0].Pos())
	case "UNLOAD":
		return Result{}, errs.Userf("the module %s can't be unloaded: its functions are built in", coreModule).At(stmt.Names[0].Pos())
	}
	return Result{Message: "using module " + coreModule}, nil
}
