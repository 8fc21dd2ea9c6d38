package keyed_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

var schema = types.Schema{
	{Name: "v", Type: types.StringType()}, {Name: "k_id", Type: types.Of(types.BigInt)},
	{Name: "n", Type: types.Of(types.Int)}, {Name: "k_place", Type: types.StringType()},
}

// declare makes the layout of a table; options alternate names and values.
func declare(upsert bool, options ...string) (*keyed.Layout, error) {
	given := map[string]string{}
	if upsert {
		given["key.format"], given["value.format"] = "json", "json"
	}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	formats := format.Builtin().RecordFormats()
	spec := connector.Spec{Name: "log", Options: keyed.Options(formats)}
	if upsert {
		spec.Options = keyed.UpsertOptions(formats)
	}
	parsed, err := spec.Parse(given)
	if err != nil {
		return nil, err
	}
	table := connector.Table{Name: "t", Schema: schema, Options: parsed, PrimaryKey: []string{"k_place", "k_id"}}
	return keyed.New(keyed.Declared{Connector: "log", Formats: formats, Table: table, Stored: schema, Upsert: upsert})
}

func mustDeclare(t testing.TB, upsert bool, options ...string) *keyed.Layout {
	t.Helper()
	l, err := declare(upsert, options...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type record struct{ key, value string }

// encode gives the records of rows, those held back at the end.
func encode(t testing.TB, l *keyed.Layout, alloc memory.Allocator, batches ...[]string) []record {
	t.Helper()
	e, err := l.NewEncoder([]int{0, 1, 2, 3}, connector.WriterEnv{Alloc: alloc})
	if err != nil {
		t.Fatal(err)
	}
	var out []record
	send := func(r keyed.Record) error {
		out = append(out, record{string(r.Key), string(r.Value)})
		return nil
	}
	for _, lines := range batches {
		b, err := stream.ParseRows(alloc, schema, lines)
		if err != nil {
			t.Fatal(err)
		}
		err = e.Each(b, send)
		b.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Flush(send); err != nil {
		t.Fatal(err)
	}
	return out
}

// decode gives the rows of records, reading some columns in batches of random size.
func decode(t testing.TB, l *keyed.Layout, alloc memory.Allocator, wanted types.Schema, records []record, flush int) []string {
	t.Helper()
	d, err := l.NewDecoder(wanted, connector.ReaderEnv{Alloc: alloc, BatchRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []string
	take := func() {
		b := d.Flush()
		out = append(out, stream.FormatRows(b)...)
		b.Release()
	}
	for i, r := range records {
		if err := d.Record([]byte(r.key), []byte(r.value)); err != nil {
			out = append(out, "error")
		}
		if i%flush == 0 {
			take()
		}
	}
	take()
	return out
}

func TestUpsertsAreKeysAndValues(t *testing.T) {
	rows := []string{
		"+ v='a' k_id=1 n=10 k_place='x'", "+U v='b' k_id=1 n=NULL k_place='x'", "- v='b' k_id=1 n=NULL k_place='x'",
	}
	for _, c := range []struct {
		name    string
		options []string
		want    string
	}{
		{"whole values", nil,
			`{"k_place":"x","k_id":1}={"v":"a","k_id":1,"n":10,"k_place":"x"} {"k_place":"x","k_id":1}={"v":"b","k_id":1,"n":null,"k_place":"x"} {"k_place":"x","k_id":1}=`},
		{"values without the key, a prefix", []string{"value.fields-include", "EXCEPT_KEY", "key.fields-prefix", "k_"},
			`{"place":"x","id":1}={"v":"a","n":10} {"place":"x","id":1}={"v":"b","n":null} {"place":"x","id":1}=`},
		{"formats with options", []string{"key.format", "csv", "key.csv.field-delimiter", ";", "value.json.encode.ignore-null-fields", "true", "value.fields-include", "EXCEPT_KEY"},
			`x;1={"v":"a","n":10} x;1={"v":"b"} x;1=`},
		{"a buffer keeps the last of a key", []string{"sink.buffer-flush.max-rows", "100", "sink.buffer-flush.interval", "1 h"},
			`{"k_place":"x","k_id":1}=`},
	} {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		l := mustDeclare(t, true, c.options...)
		var got []string
		records := encode(t, l, alloc, rows)
		for _, r := range records {
			got = append(got, r.key+"="+r.value)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, s, c.want)
		}
		back := decode(t, l, alloc, schema, records, 10)
		if last := back[len(back)-1]; last != "-D v=NULL k_id=1 n=NULL k_place=x" {
			t.Errorf("%s: the deletion is read as %s", c.name, last)
		}
		alloc.AssertSize(t, 0)
	}
}

// changes makes random changes of a table in batches, and gives what it is then.
func changes(r *rand.Rand) (batches [][]string, table map[string]string) {
	table = map[string]string{}
	for range 1 + r.IntN(6) {
		var lines []string
		for range 1 + r.IntN(12) {
			id, place := fmt.Sprintf("k_id=%d", r.IntN(3)), fmt.Sprintf("k_place=p%d", r.IntN(3))
			key := id + " " + place
			row := fmt.Sprintf("v=s%d %s n=%s %s", r.IntN(100), id, []string{"7", "NULL"}[r.IntN(2)], place)
			switch _, there := table[key]; {
			case there && r.IntN(3) == 0:
				lines = append(lines, "- "+table[key])
				delete(table, key)
			case there:
				lines, table[key] = append(lines, "+U "+row), row
			default:
				lines, table[key] = append(lines, "+ "+row), row
			}
		}
		batches = append(batches, lines)
	}
	return batches, table
}

// randomOptions are those of some layout.
func randomOptions(r *rand.Rand) []string {
	options := []string{"value.fields-include", "EXCEPT_KEY"}
	switch r.IntN(4) {
	case 0:
		options = nil
	case 1:
		options = append(options, "key.fields-prefix", "k_")
	case 2:
		options = append(options, "key.format", "csv", "value.format", "msgpack")
	}
	if r.IntN(2) == 0 {
		options = append(options, "sink.buffer-flush.max-rows", fmt.Sprint(1+r.IntN(20)), "sink.buffer-flush.interval", "1 h")
	}
	return options
}

// fold is the table that upserts make, by key. Rows that unreadable records gave
// have no place.
func fold(lines []string) map[string]string {
	table := map[string]string{}
	for _, line := range lines {
		kind, row, _ := strings.Cut(line, " ")
		if kind == "error" || strings.Contains(row, "k_place=NULL") {
			continue
		}
		key := row[strings.Index(row, "k_id="):strings.Index(row, " n=")] + row[strings.Index(row, " k_place="):]
		if delete(table, key); kind != "-D" {
			table[key] = row
		}
	}
	return table
}

// TestFoldingGivesTheTable compares what upserts fold to with a map, for random
// changes, layouts, batches, projections and unreadable records.
func TestFoldingGivesTheTable(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		options := randomOptions(r)
		batches, want := changes(r)
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		l := mustDeclare(t, true, options...)
		records := encode(t, l, alloc, batches...)
		for range r.IntN(3) {
			bad := []record{{"{", "{}"}, {`{"id":1}`, "{"}, {"", ""}}[r.IntN(3)]
			records = slices.Insert(records, r.IntN(len(records)+1), bad)
		}
		wanted := schema
		if r.IntN(3) == 0 {
			wanted = schema[1:]
			for key, row := range want {
				want[key] = row[strings.Index(row, "k_id="):]
			}
		}
		got := fold(decode(t, l, alloc, wanted, records, 1+r.IntN(9)))
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d, options %q:\n got %q\nwant %q", seed, options, got, want)
		}
		alloc.AssertSize(t, 0)
	}
}

func TestKeysOfRowsThatOnlyGrow(t *testing.T) {
	l := mustDeclare(t, false, "value.format", "json", "key.format", "json", "key.fields", "k_id", "value.fields-include", "EXCEPT_KEY")
	if l.Changes() != connector.AppendOnly {
		t.Fatalf("changes: %s", l.Changes())
	}
	records := encode(t, l, memory.DefaultAllocator, []string{"+ v='a' k_id=1 n=10 k_place='x'"})
	if want := (record{`{"k_id":1}`, `{"v":"a","n":10,"k_place":"x"}`}); records[0] != want {
		t.Errorf("got %v", records[0])
	}
	// One message may hold several rows: all have its key.
	records = append(records, record{`{"k_id":2}`, `[{"v":"b"},{"v":"c"}]`}, record{`{"k_id":3}`, ``})
	got := strings.Join(decode(t, l, memory.DefaultAllocator, schema[:2], records, 10), "; ")
	if want := "+I v=a k_id=1; +I v=b k_id=2; +I v=c k_id=2"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestRowsThatCanNotBeReadBackAreRefused(t *testing.T) {
	b, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{"+ v=a k_id=1 n=1 k_place=" + strings.Repeat("ö", 300)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	err = mustEncoder(t).Each(b, func(keyed.Record) error { return nil })
	if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "characters") {
		t.Errorf("a long key: %v", err)
	}
	stop := errors.New("full")
	if err := mustEncoder(t).Each(oneRow(t), func(keyed.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of send is lost: %v", err)
	}
}

func mustEncoder(t testing.TB) *keyed.Encoder {
	e, err := mustDeclare(t, true).NewEncoder([]int{0, 1, 2, 3}, connector.WriterEnv{Alloc: memory.DefaultAllocator})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func oneRow(t testing.TB) stream.Batch {
	b, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{"+ v='a' k_id=1 n=1 k_place='x'"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDeclarationsAreChecked(t *testing.T) {
	for _, c := range []struct {
		upsert  bool
		options []string
		want    string
	}{
		{false, nil, "needs the option 'format', one of"},
		{false, []string{"format", "json", "value.format", "json"}, "give one of"},
		{false, []string{"format", "json", "key.format", "json"}, "belong together"},
		{false, []string{"format", "json", "key.format", "json", "key.fields", "nix"}, "none of its stored columns"},
		{false, []string{"format", "json", "key.format", "json", "key.fields", "v;v"}, "twice"},
		{false, []string{"format", "json", "value.json.ignore-parse-errors", "true"}, "in place of 'format'"},
		{false, []string{"format", "json", "key.json.ignore-parse-errors", "true"}, "need 'key.format'"},
		{false, []string{"format", "json", "value.fields-include", "ALL"}, "needs 'key.format'"},
		{true, []string{"key.fields-prefix", "k_"}, "needs 'value.fields-include' = 'EXCEPT_KEY'"},
		{true, []string{"key.fields-prefix", "q_", "value.fields-include", "EXCEPT_KEY"}, "does not begin"},
		{true, []string{"value.format", "debezium-json"}, "format of changes"},
		{true, []string{"value.jsn.x", "1"}, "none of the format 'json'"},
		{true, []string{"value.json.ignore-parse-errors", "maybe"}, "json.ignore-parse-errors"},
		{true, []string{"key.format", "raw"}, "single column"},
		{true, []string{"sink.buffer-flush.max-rows", "5"}, "both 0, or both more"},
	} {
		_, err := declare(c.upsert, c.options...)
		if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.options, err)
		}
	}
}

func BenchmarkDecodeUpserts(b *testing.B) {
	l := mustDeclare(b, true, "value.fields-include", "EXCEPT_KEY")
	d, err := l.NewDecoder(schema, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 4096})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	key, value := []byte(`{"k_place":"x","k_id":123}`), []byte(`{"v":"some text","n":17}`)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		data := value
		if i%100 == 0 {
			data = nil
		}
		if err := d.Record(key, data); err != nil {
			b.Fatal(err)
		}
		if d.Full() || d.Rows() == 4096 {
			d.Flush().Release()
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncodeUpserts(b *testing.B) {
	e := mustEncoder(b)
	lines := make([]string, 4096)
	for i := range lines {
		lines[i] = fmt.Sprintf("+U v='some text' k_id=%d n=17 k_place='x'", i)
	}
	batch, err := stream.ParseRows(memory.DefaultAllocator, schema, lines)
	if err != nil {
		b.Fatal(err)
	}
	defer batch.Release()
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Each(batch, func(keyed.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*4096/b.Elapsed().Seconds(), "rows/s")
}
