package connector

import "errors"

// ErrEndOfSplit is returned by Reader.Next when the split has no more rows, ever.
var ErrEndOfSplit = errors.New("end of split")
