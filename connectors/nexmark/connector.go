package nexmark

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Connector is the kind of table that generates the Nexmark benchmark's events.
type Connector struct {
	clock Clock
	cache *tableCache
}

var _ connector.Connector = Connector{}

// New makes the connector.
func New() Connector { return NewWithClock(SystemClock()) }

// NewWithClock makes the connector with a clock of the test's.
func NewWithClock(clock Clock) Connector { return Connector{clock: clock, cache: &tableCache{}} }

// Spec implements connector.Connector.
func (Connector) Spec() connector.Spec { return spec() }

// Check implements connector.Connector.
func (c Connector) Check(table connector.Table) error {
	_, err := c.source(table)
	return err
}

// Source implements connector.Connector.
func (c Connector) Source(table connector.Table) (connector.Source, error) {
	s, err := c.source(table)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Sink implements connector.Connector.
func (Connector) Sink(table connector.Table) (connector.Sink, error) {
	return nil, errs.Unsupportedf("table %s: connector 'nexmark' can only be read", table.Name)
}

func (c Connector) source(table connector.Table) (*source, error) {
	config, err := configOf(table.Options)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "table %s", table.Name)
	}
	if len(table.Metadata) > 0 {
		return nil, errs.Userf("table %s: connector 'nexmark' has no metadata columns", table.Name)
	}
	l, err := newLayout(table.Schema)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "table %s", table.Name)
	}
	return &source{
		config: config, layout: l, clock: c.clock, cache: c.cache,
		keepAlive: table.Options.Bool("keep-alive"), paced: !table.Options.Bool("max-emit-speed"),
	}, nil
}
