package coordinator

import "fmt"

// State is where a job is in its life.
type State uint8

// The states. A job ends in one of the last four; Suspended and Failed jobs can
// be started again from their last checkpoint.
const (
	// Created jobs have not been started.
	Created State = iota
	// Running jobs have their tasks deployed.
	Running
	// Restarting jobs wait for their back-off to run out.
	Restarting
	// Stopping jobs take their last snapshot.
	Stopping
	// Cancelling jobs wait for their tasks to go away.
	Cancelling
	// Finished jobs read their inputs to the end and committed everything.
	Finished
	// Suspended jobs were stopped with their state kept.
	Suspended
	// Cancelled jobs were stopped by the user without a snapshot.
	Cancelled
	// Failed jobs gave up.
	Failed
)

// String gives the state's upper-case name.
func (s State) String() string {
	names := [...]string{"CREATED", "RUNNING", "RESTARTING", "STOPPING", "CANCELLING", "FINISHED", "SUSPENDED",
		"CANCELLED", "FAILED"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("STATE(%d)", uint8(s))
}

// Ended reports whether nothing of the job runs any more.
func (s State) Ended() bool { return s >= Finished }
