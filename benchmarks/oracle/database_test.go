package oracle

import (
	"bufio"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/thalweg/thalweg/connectors/nexmark"
)

const schema = `
CREATE TABLE person (id, name, emailAddress, creditCard, city, state, dateTime, extra, seq);
CREATE TABLE auction (id, itemName, description, initialBid, reserve, dateTime, expires, seller, category, extra, seq);
CREATE TABLE bid (auction, bidder, price, channel, url, dateTime, extra, seq);`

// columns are the JSON fields of each table, in order.
var columns = map[string][]string{
	"person":  {"id", "name", "emailAddress", "creditCard", "city", "state", "dateTime", "extra"},
	"auction": {"id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires", "seller", "category", "extra"},
	"bid":     {"auction", "bidder", "price", "channel", "url", "dateTime", "extra"},
}

// loadEvents generates the events of all splits into a database in memory.
func loadEvents(t *testing.T, events, rate int64, splits int) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	config := nexmark.DefaultConfig()
	config.Events, config.EventsPerSecond = events, rate
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for i, split := range config.Splits(splits) {
		seeded := config
		reader, writer := io.Pipe()
		go func() {
			writer.CloseWithError(nexmark.WriteNDJSON(writer, seeded, split, events))
		}()
		if err := insertEvents(tx, reader, int64(i)<<40); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, index := range []string{"bid(auction)", "auction(id)", "auction(seller)", "person(id)", "bid(price)"} {
		name := strings.NewReplacer("(", "_", ")", "").Replace(index)
		if _, err := db.Exec("CREATE INDEX " + name + " ON " + index); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// insertEvents reads NDJSON events into the tables; seq counts from first.
func insertEvents(tx *sql.Tx, in io.Reader, first int64) error {
	inserts := map[string]*sql.Stmt{}
	for table, fields := range columns {
		marks := strings.Repeat("?, ", len(fields)) + "?"
		stmt, err := tx.Prepare(fmt.Sprintf("INSERT INTO %s VALUES (%s)", table, marks))
		if err != nil {
			return err
		}
		inserts[table] = stmt
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for seq := first; lines.Scan(); seq++ {
		var event map[string]any
		decoder := json.NewDecoder(strings.NewReader(lines.Text()))
		decoder.UseNumber()
		if err := decoder.Decode(&event); err != nil {
			return err
		}
		for table, fields := range columns {
			row, ok := event[table].(map[string]any)
			if !ok {
				continue
			}
			if _, err := inserts[table].Exec(append(values(row, fields), seq)...); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// values takes fields out of a JSON object, numbers as integers.
func values(row map[string]any, fields []string) []any {
	out := make([]any, len(fields), len(fields)+1)
	for i, f := range fields {
		out[i] = row[f]
		if n, ok := row[f].(json.Number); ok {
			v, err := n.Int64()
			if err != nil {
				panic(err)
			}
			out[i] = v
		}
	}
	return out
}

var channelID = regexp.MustCompile(`(?:&|^)channel_id=([^&]*)`)

// registerFunctions adds the functions that the batch queries use.
func registerFunctions(t *testing.T) {
	t.Helper()
	timeText := func(layout string) func(any) any {
		return func(v any) any { return time.UnixMilli(v.(int64)).UTC().Format(layout) }
	}
	unary := map[string]func(any) any{
		"ts":     timeText("2006-01-02 15:04:05.000"),
		"day":    timeText("2006-01-02"),
		"minute": timeText("15:04"),
		"dec3":   func(v any) any { n := v.(int64); return fmt.Sprintf("%d.%03d", n/1000, n%1000) },
		"channel_id": func(v any) any {
			if m := channelID.FindStringSubmatch(v.(string)); m != nil {
				return m[1]
			}
			return nil
		},
	}
	for name, f := range unary {
		err := sqlite.RegisterDeterministicScalarFunction(name, 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			return f(args[0]), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := sqlite.RegisterDeterministicScalarFunction("part", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		parts := strings.Split(args[0].(string), "/")
		if i := int(args[1].(int64)); i < len(parts) {
			return parts[i], nil
		}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// queryRows runs a batch query and gives each row as its values' texts.
func queryRows(t *testing.T, db *sql.DB, query string) [][]string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		cells := make([]any, len(names))
		refs := make([]any, len(names))
		for i := range cells {
			refs[i] = &cells[i]
		}
		if err := rows.Scan(refs...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, c := range cells {
			row[i] = fmt.Sprint(c)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
