package filesystem

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

func newSink(_ *Connector, l *layout) (connector.Sink, error) {
	return nil, errs.Unsupportedf("table '%s': writing files does not work yet", l.table.Name)
}
