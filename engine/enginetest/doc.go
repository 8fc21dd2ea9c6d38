// Package enginetest holds what tests of the engine run on: a connector whose
// tables are rows as text in memory, with an exactly-once sink that remembers what
// was committed; a backend that keeps checkpoints in memory; observers that check
// the laws of streams; and a driver that runs the same SQL under many
// circumstances.
package enginetest
