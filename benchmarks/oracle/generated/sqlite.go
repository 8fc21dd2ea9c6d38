package generated

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// database is SQLite with the tables.
type database struct{ db *sql.DB }

// smallNumbers is more than the windows that one row may be in.
const smallNumbers = 8

func openDatabase(tables []*Table) (*database, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	d := &database{db}
	statements := []string{"PRAGMA case_sensitive_like = ON", "CREATE TABLE numbers (n)"}
	for n := range smallNumbers {
		statements = append(statements, fmt.Sprintf("INSERT INTO numbers VALUES (%d)", n))
	}
	for _, t := range tables {
		statements = append(statements, t.sqliteStatements()...)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
	}
	return d, nil
}

func (t *Table) sqliteStatements() []string {
	var cols []string
	for i := range t.Columns {
		cols = append(cols, fmt.Sprintf("c%d", i))
	}
	statements := []string{fmt.Sprintf("CREATE TABLE %s (%s)", t.Name, strings.Join(cols, ", "))}
	for _, row := range t.Rows {
		var values []string
		for _, v := range row {
			values = append(values, sqliteLiteral(v))
		}
		statements = append(statements, fmt.Sprintf("INSERT INTO %s VALUES (%s)", t.Name, strings.Join(values, ", ")))
	}
	return statements
}

// sqliteTime is more than SQLite needs for any query that is worth comparing: joins
// without a key of joins without a key may take hours.
const sqliteTime = 2 * time.Second

// run gives each row of a query's result as text.
func (d *database) run(q *Relation) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sqliteTime)
	defer cancel()
	rows, err := d.db.QueryContext(ctx, q.SQL(SQLite))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		cells, refs := make([]any, len(q.Columns)), make([]any, len(q.Columns))
		for i := range cells {
			refs[i] = &cells[i]
		}
		if err := rows.Scan(refs...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = canonical(c, q.Columns[i])
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, rows.Err()
}

// canonical prints a value as both sides do.
func canonical(v any, t Type) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case int64:
		switch t {
		case Bool:
			return strconv.FormatBool(v != 0)
		case Cents:
			return centsText(v)
		case Time:
			return timeText(v)
		case Float, Mean:
			return strconv.FormatFloat(float64(v), 'g', 12, 64)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', 12, 64)
	}
	return fmt.Sprintf("%q", v)
}

func (d *database) close() error { return d.db.Close() }
