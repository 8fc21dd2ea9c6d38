package connector

// ColumnError is an error about one column of a table, so that who holds the
// declaration can point at it.
type ColumnError struct {
	Column string
	Err    error
}

// Error is the text of Err.
func (e *ColumnError) Error() string { return e.Err.Error() }

// Unwrap gives Err.
func (e *ColumnError) Unwrap() error { return e.Err }
