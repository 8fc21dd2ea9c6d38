// Package job runs one job: it is the thin loop around the coordinator's state
// machine, and what performs its effects. A job's parts are deployed anew for every
// attempt; what survives an attempt are the published checkpoints.
//
// Everything that concerns the machine happens on the loop's goroutine. Slow work
// (restoring, uploading, committing, discovering) has goroutines of its own that
// post what came of it.
package job
