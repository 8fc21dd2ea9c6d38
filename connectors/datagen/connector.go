// Package datagen is the connector 'datagen': rows made up by rules, the same ones
// for the same seed.
package datagen

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Connector is the connector 'datagen'.
type Connector struct {
	clock Clock
}

var _ connector.Connector = Connector{}

// New makes the connector.
func New() Connector { return Connector{clock: systemClock{}} }

// NewWithClock makes the connector over another clock, for tests.
func NewWithClock(clock Clock) Connector { return Connector{clock: clock} }

// Spec describes the connector.
func (Connector) Spec() connector.Spec {
	return connector.Spec{
		Name: "datagen",
		Doc: "A source of made-up rows, random or in sequence. Row n is a function of the seed and n alone, apart from times, " +
			"which count from the start of the job. Fields of a ROW are named `fields.row.field.min`, elements of an ARRAY " +
			"`fields.array.element.min`, keys and values of a MAP `fields.map.key.min` and `fields.map.value.min`.",
		Options: []connector.OptionSpec{
			{Name: "rows-per-second", Type: connector.TypeBigInt, Default: "10000", Example: "1000000",
				Doc: "How many rows all tasks give a second; 0 is as many as they can."},
			{Name: "number-of-rows", Type: connector.TypeBigInt, Example: "1000",
				Doc: "How many rows there are; without it, and without a sequence, there is no end."},
			{Name: "seed", Type: connector.TypeBigInt, Default: "1", Example: "42", Doc: "Where the random values come from."},
			{Name: "fields.#.kind", Type: connector.TypeEnum, Values: []string{"random", "sequence"}, Default: "random", Example: "sequence",
				Doc: "How a column's values are made. A sequence ends the table with its last value."},
			{Name: "fields.#.min", Type: connector.TypeString, Example: "1", Doc: "The least random number."},
			{Name: "fields.#.max", Type: connector.TypeString, Example: "100", Doc: "The greatest random number."},
			{Name: "fields.#.max-past", Type: connector.TypeDuration, Default: "0 s", Example: "10 s",
				Doc: "How far random timestamps lie in the past, at most."},
			{Name: "fields.#.length", Type: connector.TypeInt, Example: "10",
				Doc: "The length of random texts and bytes (100 if absent) and collections (3)."},
			{Name: "fields.#.var-len", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Whether the length is random, too, from 1 to the given one."},
			{Name: "fields.#.null-rate", Type: connector.TypeDouble, Default: "0", Example: "0.1", Doc: "The share of NULLs among random values."},
			{Name: "fields.#.start", Type: connector.TypeString, Example: "1", Doc: "The first value of a sequence."},
			{Name: "fields.#.end", Type: connector.TypeString, Example: "1000", Doc: "The last value of a sequence."},
		},
	}
}

// Check validates a declaration.
func (c Connector) Check(table connector.Table) error {
	_, err := newSource(table, c.clock)
	return err
}

// Source makes the reading side.
func (c Connector) Source(table connector.Table) (connector.Source, error) {
	return newSource(table, c.clock)
}

// Sink refuses: there is nowhere to write.
func (Connector) Sink(table connector.Table) (connector.Sink, error) {
	return nil, errs.Unsupportedf("table '%s': the connector 'datagen' can't be written", table.Name)
}
