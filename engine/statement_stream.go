package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// streamSpec describes the options of CREATE STREAM that are the stream's own; the
// others belong to the table that comes with its columns.
func streamSpec() connector.Spec {
	return connector.Spec{Name: "stream", Options: []connector.OptionSpec{
		{Name: "shards", Type: connector.TypeInt, Default: "1", Example: "4",
			Doc: "How many shards the stream has: the most readers and writers that work side by side."},
		{Name: "retention", Type: connector.TypeDuration, Default: "24 h", Example: "7 d",
			Doc: "How long records are kept: 24 to 8760 whole hours."},
	}}
}

// createStream makes a shard log; with columns, also a table of the same name that
// reads and writes it.
func (st *statement) createStream(stmt *sql.CreateStream) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	own, rest := streamOptions(stmt.With, len(stmt.Columns) > 0)
	options, err := streamSpec().Parse(own)
	if err != nil {
		return Result{}, atStreamOption(err, name, stmt.Name, stmt.With)
	}
	store, err := st.session.engine.streams()
	if err != nil {
		return Result{}, err
	}
	if slices.Contains(store.Streams(), name) {
		if stmt.IfNotExists {
			return Result{Message: "stream " + name + " exists already"}, nil
		}
		return Result{}, errs.Userf("there is already a stream `%s`", name).At(stmt.Name.Span).
			WithHint("choose another name, or write IF NOT EXISTS")
	}
	if len(stmt.Columns) > 0 && st.session.relationAt(name, false) != nil {
		return Result{}, errs.Userf("there is already a table or view `%s`", name).At(stmt.Name.Span)
	}
	var table relation
	declaration := streamTable(stmt, name, rest)
	if len(stmt.Columns) > 0 {
		if table.Table, err = st.planner().BindTable(declaration); err != nil {
			return Result{}, err
		}
		table.Table.Name = name
	}
	if err := store.CreateStream(name, int(options.Int("shards")), options.Duration("retention")); err != nil {
		return Result{}, atStreamOption(err, name, stmt.Name, stmt.With)
	}
	if table.Table == nil {
		return Result{Message: "created stream " + name}, nil
	}
	err = atOption(errs.Wrap(errs.Bug, st.catalog.parts.check(table.Table), "table %s", name), declaration)
	if err == nil {
		err = st.put(table, creation{name: name, at: stmt.Name})
	}
	if err != nil {
		// Nobody has seen the stream yet; the declaration's error is the one to tell.
		_ = store.DeleteStream(name)
		return Result{}, err
	}
	return Result{Message: "created stream and table " + name}, nil
}

// atStreamOption makes an error about a stream's own options point at the option.
func atStreamOption(err error, name string, at sql.Name, with []sql.Option) error {
	return atOption(errs.Wrap(errs.Bug, err, "stream %s", name), &sql.CreateTable{Name: at, With: with})
}

// streamOptions parts the stream's own options from its table's. Without a table
// all are the stream's, so that an unknown one is refused.
func streamOptions(with []sql.Option, table bool) (own map[string]string, rest []sql.Option) {
	own = map[string]string{}
	for _, o := range with {
		if o.Key == "shards" || o.Key == "retention" || !table {
			own[o.Key] = o.Value
		} else {
			rest = append(rest, o)
		}
	}
	return own, rest
}

// streamTable is the declaration of the table that comes with a stream.
func streamTable(stmt *sql.CreateStream, name string, options []sql.Option) *sql.CreateTable {
	given := map[string]string{}
	for _, o := range options {
		given[o.Key] = o.Value
	}
	defaults := map[string]string{"connector": streamsService, "stream": name}
	switch {
	case given["connector"] == upsertStreams:
		defaults["key.format"], defaults["value.format"] = "json", "json"
	case given["value.format"] == "":
		defaults["format"] = "json"
	}
	table := &sql.CreateTable{
		Place: stmt.Place, Name: stmt.Name, Columns: stmt.Columns, Watermarks: stmt.Watermarks,
		PrimaryKey: stmt.PrimaryKey, Comment: stmt.Comment, With: slices.Clone(options),
	}
	for _, key := range slices.Sorted(maps.Keys(defaults)) {
		if _, ok := given[key]; !ok {
			table.With = append(table.With, sql.Option{Place: stmt.Place, Key: key, Value: defaults[key]})
		}
	}
	return table
}

// dropStream deletes a stream with all its records, and the table that came with it.
func (st *statement) dropStream(stmt *sql.Drop) (Result, error) {
	store, name, err := st.existingStream(stmt.Name, stmt.IfExists)
	if err != nil {
		return Result{}, err
	}
	if name == "" {
		return Result{Message: "nothing to drop"}, nil
	}
	if err := store.DeleteStream(name); err != nil {
		return Result{}, err
	}
	if t := st.tableOf(name); t != nil {
		err := st.session.remove(relation{Table: t})
		if err == nil {
			return Result{Message: "dropped stream and table " + name}, nil
		}
		if !errors.Is(err, errChanged) {
			return Result{}, err
		} // what has changed meanwhile is another statement's, and stays
	}
	return Result{Message: "dropped stream " + name}, nil
}

// tableOf is the table that came with a stream, or nil.
func (st *statement) tableOf(stream string) *catalog.Table {
	t := st.catalog.relations[stream].Table
	if t == nil || !isStreams(t.Options["connector"]) || t.Options["stream"] != stream || st.session.isTemporary(stream) {
		return nil
	}
	return t
}

// existingStream looks a stream up; with optional its name is empty where there is none.
func (st *statement) existingStream(written sql.Name, optional bool) (*shardlog.Store, string, error) {
	name, err := st.relationName(written)
	if err != nil {
		return nil, "", err
	}
	store, err := st.session.engine.streams()
	if err != nil {
		return nil, "", err
	}
	switch {
	case slices.Contains(store.Streams(), name):
		return store, name, nil
	case optional:
		return store, "", nil
	}
	return nil, "", noStream(store, name).At(written.Span)
}

// noStream names the nearest stream.
func noStream(store *shardlog.Store, name string) *errs.Error {
	e := errs.Userf("there is no stream `%s`", name)
	if near := errs.Nearest(name, store.Streams()); near != "" {
		return e.WithHint("did you mean `%s`?", near)
	}
	return e
}

// streamsIn lists the names of a database's streams in order.
func (st *statement) streamsIn(database string) ([]string, error) {
	store, err := st.session.engine.streams()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, key := range store.Streams() {
		if in, name := st.catalog.splitKey(key); in == database {
			all = append(all, name)
		}
	}
	return all, nil
}

// showStreams lists the streams.
func (st *statement) showStreams(stmt *sql.Show) (Result, error) {
	store, err := st.session.engine.streams()
	if err != nil {
		return Result{}, err
	}
	matches, err := likePattern(stmt)
	if err != nil {
		return Result{}, err
	}
	return names("stream name", slices.DeleteFunc(store.Streams(), func(n string) bool { return !matches(n) })), nil
}

// showCreateStream prints the statement that makes a stream.
func (st *statement) showCreateStream(stmt *sql.Show) (Result, error) {
	store, name, err := st.existingStream(*stmt.Name, false)
	if err != nil {
		return Result{}, err
	}
	stream, err := store.Stream(name)
	if err != nil {
		return Result{}, err
	}
	d, err := stream.Describe()
	if err != nil {
		return Result{}, err
	}
	options := map[string]string{"shards": strconv.Itoa(stream.Open()), "retention": fmt.Sprintf("%.0f h", d.Retention.Hours())}
	text := create(false, "STREAM") + st.shown(name)
	if t := st.tableOf(name); t != nil {
		maps.Copy(options, t.Options)
		return Result{Kind: ResultText, Message: text + " " + declaration(t, options, redact.Option)}, nil
	}
	return Result{Kind: ResultText, Message: text + withText(options, redact.Option)}, nil
}

// describeStream lists a stream's shards. ok is false when there is no such stream.
func (st *statement) describeStream(name string) (result Result, ok bool, err error) {
	store, err := st.session.engine.streams()
	if err != nil || !slices.Contains(store.Streams(), name) {
		return Result{}, false, err
	}
	stream, err := store.Stream(name)
	if err != nil {
		return Result{}, true, err
	}
	d, err := stream.Describe()
	if err != nil {
		return Result{}, true, err
	}
	var rows [][]string
	for _, s := range d.Shards {
		newest := ""
		if !s.Newest.IsZero() {
			newest = s.Newest.Format(time.RFC3339Nano)
		}
		rows = append(rows, []string{
			string(s.ID), s.FirstHash.String(), s.LastHash.String(), strconv.FormatInt(s.Bytes, 10), newest, d.Retention.String(),
		})
	}
	columns := []string{"shard", "first hash key", "last hash key", "bytes", "newest record", "retention"}
	return Result{Kind: ResultRows, Rows: textRows(columns, rows)}, true, nil
}
