package column

import "github.com/thalweg/thalweg/operators/stream"

// Kinds gives the kinds of a batch's rows as a batch holds them: nil when all are
// inserts. It hands kinds over.
func Kinds(kinds []stream.RowKind) []stream.RowKind {
	for _, k := range kinds {
		if k != stream.Insert {
			return kinds
		}
	}
	return nil
}
