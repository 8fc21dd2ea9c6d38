package matview

import (
	"strconv"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Name is the connector's name, and that of the service by which connector.Env.Shared
// gives the *Store.
const Name = "materialized-view"

// Option names.
const (
	// OptionView is the view's ID, which CREATE MATERIALIZED VIEW sets.
	OptionView = "view"
	// OptionMode is how the view is read.
	OptionMode = "scan.mode"
)

// Values of OptionMode.
const (
	ModeSnapshot = "snapshot"
	ModeFollow   = "follow"
)

// Connector is the connector of materialized views.
type Connector struct{}

var _ connector.Connector = Connector{}

// New makes the connector.
func New() Connector { return Connector{} }

// Spec describes the connector.
func (Connector) Spec() connector.Spec {
	return connector.Spec{
		Name: Name,
		Doc:  "The contents of a materialized view. `CREATE MATERIALIZED VIEW` makes such tables; the option `scan.mode` is for hints of those who read one.",
		Options: []connector.OptionSpec{
			{Name: OptionView, Type: connector.TypeBigInt, Required: true, Example: "1", Doc: "Which one it is, set by `CREATE MATERIALIZED VIEW`."},
			{Name: OptionMode, Type: connector.TypeEnum, Default: ModeFollow, Values: []string{ModeSnapshot, ModeFollow}, Example: ModeSnapshot,
				Doc: "`snapshot` reads what is there when the job starts, and ends; `follow` goes on with its changes. Without it a SELECT reads a snapshot, and everything else follows."},
		},
	}
}

// Check implements connector.Connector.
func (Connector) Check(connector.Table) error { return nil }

// Source implements connector.Connector.
func (Connector) Source(table connector.Table) (connector.Source, error) {
	return newSource(table), nil
}

// Sink implements connector.Connector.
func (Connector) Sink(table connector.Table) (connector.Sink, error) { return &sink{table}, nil }

// open finds the table's view.
func open(table connector.Table) (*view, error) {
	var store *Store
	if table.Env.Shared != nil {
		store, _ = table.Env.Shared(Name).(*Store)
	}
	if store == nil {
		return nil, errs.Userf("table '%s': this process has no materialized views", table.Name)
	}
	v, err := store.view(ID(table.Options.Int(OptionView)))
	return v, errs.Wrap(errs.User, err, "table '%s'", table.Name)
}

// FormatID is the value of OptionView.
func FormatID(id ID) string { return strconv.FormatUint(uint64(id), 10) }

// ParseID reads a value of OptionView; 0 is none.
func ParseID(text string) ID {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return ID(n)
}
