package print

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// printed writes rows given as JSON through a sink.
func printed(t *testing.T, schema types.Schema, tasks int, options map[string]string, lines string) string {
	t.Helper()
	d, err := json.Format{}.NewDecoder(codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 100})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Lines([]byte(lines), true, func(b codec.Bad) error { t.Fatal(b.Reason); return nil }); err != nil {
		t.Fatal(err)
	}
	batch := d.Flush()
	defer batch.Release()
	batch.Kinds = make([]stream.RowKind, batch.Rows())
	for i := range batch.Kinds {
		batch.Kinds[i] = stream.RowKind(i % 4)
	}
	parsed, err := New().Spec().Parse(options)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	s, err := New().Sink(connector.Table{Schema: schema, Options: parsed, Env: connector.Env{Stdout: func(l string) { out = append(out, l) }}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Writer(context.Background(), connector.WriterEnv{Task: tasks - 1, Tasks: tasks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

func TestRowsPrintAsInFlink(t *testing.T) {
	f := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	schema := types.Schema{f("b", types.Of(types.Boolean)), f("i", types.Of(types.Int)), f("d", types.Of(types.Double)),
		f("m", types.DecimalOf(6, 2)), f("s", types.StringType()), f("x", types.BytesType()), f("day", types.Of(types.Date)),
		f("at", types.TimestampOf(6)), f("in", types.TimestampLTZOf(3)), f("t", types.TimeOf(0)),
		f("a", types.ArrayOf(types.Of(types.Int))), f("k", types.MapOf(types.StringType(), types.Of(types.Int))),
		f("r", types.RowOf(f("u", types.StringType()), f("v", types.Of(types.TinyInt))))}
	got := printed(t, schema, 1, nil, `{"b":true,"i":-1,"d":1.0,"m":2.5,"s":"x y","x":"AP8=","day":"2024-02-29","at":"2024-02-29 12:00:00","in":"2024-02-29 12:00:00Z","t":"07:08:00","a":[1,null],"k":{"p":1,"q":2},"r":{"u":"z","v":3}}
{"at":"1969-12-31 23:59:59.5","in":"1969-12-31 23:59:59.001Z","t":"07:08:09","d":12345678.9,"a":[]}
{"at":"2024-02-29 12:00:00.000001","d":0.00012}
{}`)
	want := `+I[true, -1, 1.0, 2.50, x y, [0, -1], 2024-02-29, 2024-02-29T12:00, 2024-02-29T12:00:00Z, 07:08, [1, null], {p=1, q=2}, +I[z, 3]]
-U[null, null, 1.23456789E7, null, null, null, null, 1969-12-31T23:59:59.500, 1969-12-31T23:59:59.001Z, 07:08:09, [], null, null]
+U[null, null, 1.2E-4, null, null, null, null, 2024-02-29T12:00:00.000001, null, null, null, null, null]
-D[null, null, null, null, null, null, null, null, null, null, null, null, null]`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLinesNameTaskAndIdentifier(t *testing.T) {
	schema := types.Schema{{Name: "i", Type: types.Of(types.Int)}}
	for want, id := range map[string]string{"2> +I[1]": "", "alerts:2> +I[1]": "alerts"} {
		if got := printed(t, schema, 2, map[string]string{"print-identifier": id}, `{"i":1}`); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := printed(t, schema, 1, map[string]string{"print-identifier": "a"}, `{"i":1}`); got != "a> +I[1]" {
		t.Error(got)
	}
}

func TestSpecialNumbers(t *testing.T) {
	for v, want := range map[float64]string{math.Inf(1): "Infinity", math.Inf(-1): "-Infinity", 1e7: "1.0E7", 0.001: "0.001", -2: "-2.0"} {
		if got := string(appendFloat(nil, v, 64)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
