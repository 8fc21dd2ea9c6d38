// Package engine is Thalweg's embedding API: open an engine on a data directory,
// run SQL scripts in sessions, watch and stop jobs, read results as Arrow batches,
// and add Go functions and connectors.
//
//	eng, err := engine.Open(ctx, engine.Options{DataDir: dir})
//	defer eng.Close()
//	rows, err := eng.Query(ctx, "SELECT …")
//
// Everything a statement starts is a job: a plan cut into stages (engine/graph),
// built into operators (engine/build), run by tasks (engine/task) that speak
// through exchanges (engine/exchange) and are checkpointed by a coordinator
// (engine/coordinator).
//
// Errors carry their class (internal/errs) and, where they are about the script,
// the span in the text given to Execute; [Render] shows them to a person.
package engine
