package filesystem

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/lookup"
)

var _ connector.LookupSource = (*source)(nil)

// Lookups tells that files of rows, not of changes, can be asked.
func (s *source) Lookups() connector.LookupTraits {
	return connector.LookupTraits{Possible: s.mode() == connector.AppendOnly}
}

// OpenLookup reads the files that are there.
func (s *source) OpenLookup(ctx context.Context, request connector.LookupRequest) (connector.Lookup, error) {
	return lookup.Open(ctx, lookup.ConfigOf(s, request, s.table.Options))
}
