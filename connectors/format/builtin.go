package format

import (
	"github.com/thalweg/thalweg/connectors/format/csv"
	"github.com/thalweg/thalweg/connectors/format/json"
)

// Builtin is the registry of all formats that come with Thalweg.
func Builtin() Registry { return NewRegistry(json.Format{}, csv.Format{}) }
