// Package postgres is the connector 'jdbc' over PostgreSQL: a table of the database to
// read, to look up by key, and to write by key.
//
// Values travel as text in both directions, in the forms that the database reads and
// writes by itself: so a column may have any type of the database that has the text of
// the SQL type declared, such as uuid for STRING.
package postgres

import (
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Connector is the connector 'jdbc'.
type Connector struct{}

var _ connector.Connector = Connector{}

// New makes the connector.
func New() Connector { return Connector{} }

// Spec describes the connector.
func (Connector) Spec() connector.Spec {
	return connector.Spec{
		Name: "jdbc",
		Doc: "A table or view of a PostgreSQL database, under the name and the options of Flink's connector. It is read once, from start to end; a lookup join asks it by key. " +
			"Writing with a `PRIMARY KEY`, rows are inserted, updated (`INSERT … ON CONFLICT`) and deleted by it, so what is written again after a failure changes nothing; " +
			"without one rows are inserted, and may be there twice after a failure.",
		Options: append(ownOptions(), connector.PartialLookupOptions()...),
	}
}

func ownOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "url", Type: connector.TypeString, Required: true, Example: "jdbc:postgresql://localhost:5432/shop",
			Doc: "The database, with or without `jdbc:`; parameters such as `?sslmode=require` are libpq's."},
		{Name: "table-name", Type: connector.TypeString, Required: true, Example: "public.customers", Doc: "The table, with its schema if that is not on the search path."},
		{Name: "username", Type: connector.TypeString, Example: "shop", Doc: "The user, unless the url names it."},
		{Name: "password", Type: connector.TypeString, Example: "${PGPASSWORD}", Doc: "The user's password."},
		{Name: "driver", Type: connector.TypeString, Example: "org.postgresql.Driver", Doc: "Is there for Flink's scripts and has no effect."},
		{Name: "sink.buffer-flush.max-rows", Type: connector.TypeInt, Default: "1000", Example: "5000",
			Doc: "Write after so many rows; changes of one key count once. Every checkpoint writes, too."},
		{Name: "sink.buffer-flush.interval", Type: connector.TypeDuration, Default: "1 s", Example: "10 s",
			Doc: "Write what waits when a row comes so long after the last write; 0 waits for the others."},
		{Name: "sink.max-retries", Type: connector.TypeInt, Default: "3", Example: "5", Doc: "How often a write that failed is made again."},
	}
}

// Check validates a declaration; it doesn't connect.
func (c Connector) Check(table connector.Table) error {
	_, err := layoutOf(table)
	return err
}

// Source makes the reading side.
func (c Connector) Source(table connector.Table) (connector.Source, error) {
	l, err := layoutOf(table)
	if err != nil {
		return nil, err
	}
	return &source{layout: l, columns: table.Schema}, nil
}

// Sink makes the writing side.
func (c Connector) Sink(table connector.Table) (connector.Sink, error) {
	l, err := layoutOf(table)
	if err != nil {
		return nil, err
	}
	return &sink{layout: l}, nil
}

// layout is a table's declaration, checked and taken apart.
type layout struct {
	table connector.Table
	// name is the table's name as SQL writes it.
	name   string
	config *pgconn.Config
}

func layoutOf(table connector.Table) (*layout, error) {
	l := &layout{table: table, name: quotedName(table.Options.String("table-name"))}
	if len(table.Metadata) > 0 {
		return nil, errs.Userf("table '%s': connector 'jdbc' has no metadata", table.Name)
	}
	for _, f := range table.Schema {
		if f.Type.IsNested() || f.Type.IsInterval() || f.Type.Kind == types.Null {
			return nil, errs.Unsupportedf("column '%s': %s can't be read from or written to PostgreSQL", f.Name, f.Type).WithHint("declare it STRING, which has its text")
		}
	}
	var err error
	l.config, err = configOf(table.Options)
	return l, err
}

// configOf reads the options that say where the database is.
func configOf(o connector.Options) (*pgconn.Config, error) {
	text := strings.TrimPrefix(o.String("url"), "jdbc:")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgresql" && u.Scheme != "postgres" {
		return nil, &connector.OptionError{Option: "url", Value: true, Err: errs.Userf("option 'url' is no address of a PostgreSQL database").
			WithHint("it has the form jdbc:postgresql://host:5432/database")}
	}
	config, err := pgconn.ParseConfig(text)
	if err != nil {
		// The error of the driver may hold the password.
		return nil, &connector.OptionError{Option: "url", Value: true, Err: errs.Userf("option 'url' can't be read as the address of a PostgreSQL database")}
	}
	if user := o.String("username"); user != "" {
		config.User = user
	}
	if password := o.String("password"); password != "" {
		config.Password = password
	}
	for name, value := range map[string]string{
		"application_name": "thalweg", "TimeZone": "UTC", "DateStyle": "ISO, YMD", "bytea_output": "hex", "extra_float_digits": "3",
		// The rows of a table that nobody writes to come in one order, so that a reader can
		// go on from a position.
		"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0",
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

// quoted writes a name as SQL does.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quotedName quotes the parts of a name with dots.
func quotedName(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		parts[i] = quoted(strings.Trim(part, `"`))
	}
	return strings.Join(parts, ".")
}

// columnList quotes columns, parted by commas.
func columnList(schema types.Schema) string {
	names := make([]string, len(schema))
	for i, f := range schema {
		names[i] = quoted(f.Name)
	}
	return strings.Join(names, ", ")
}

// failed says what the database refused, or that it wasn't there.
func (l *layout) failed(err error) error {
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	if asError(err, &refused) && !transient(refused.Code) {
		return errs.Wrap(errs.User, err, "table '%s' in PostgreSQL", l.table.Name)
	}
	return errs.Wrap(errs.Resource, err, "table '%s' in PostgreSQL", l.table.Name)
}

// transient reports states of the database that pass: lost connections, conflicts of
// transactions, lack of resources, and shut down.
func transient(code string) bool {
	switch code[:min(2, len(code))] {
	case "08", "40", "53", "57", "58":
		return true
	}
	return false
}
