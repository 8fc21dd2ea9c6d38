package connector

// OptionError is an error about one option of a table, so that who holds the
// table's SQL can point at the option.
type OptionError struct {
	// Option is the option's name as it was written.
	Option string
	// Value tells that its value is at fault, not its name.
	Value bool
	Err   error
}

// Error is the text of Err.
func (e *OptionError) Error() string { return e.Err.Error() }

// Unwrap gives Err.
func (e *OptionError) Unwrap() error { return e.Err }
