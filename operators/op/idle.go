package op

// IdleOutput is an Output that can tell downstream that this task has no input
// for now, so that its watermark is left out of the minimum until its next batch
// or watermark. The engine's outputs are; an operator asks by type assertion.
type IdleOutput interface {
	Output
	// Idle passes the idleness on.
	Idle() error
	// Paused tells that input is held back for now: that none comes is no idleness then.
	Paused() bool
}
