package all_test

import (
	"testing"

	"github.com/thalweg/thalweg/connectors/all"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/connectors/format"
)

func TestEveryOptionIsDocumented(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	connectortest.CheckDocs(t, append(r.Docs(), format.Builtin().Docs()...))
}
