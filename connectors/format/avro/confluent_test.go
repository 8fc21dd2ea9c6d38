package avro

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// fakeRegistry is a schema registry: the REST calls that the formats make.
type fakeRegistry struct {
	mu       sync.Mutex
	schemas  []string          // by id - 1
	subjects map[string][]int  // subject to ids
	refs     map[int][]refJSON // by id
	calls    map[string]int
	fail     int // so many calls are answered with 503
	auth     string
}

type refJSON struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

func newFakeRegistry(t testing.TB) (*fakeRegistry, string) {
	f := &fakeRegistry{subjects: map[string][]int{}, refs: map[int][]refJSON{}, calls: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server.URL
}

func (f *fakeRegistry) add(subject, schema string, refs ...refJSON) int {
	for i, s := range f.schemas {
		if s == schema {
			return i + 1
		}
	}
	f.schemas = append(f.schemas, schema)
	id := len(f.schemas)
	f.subjects[subject] = append(f.subjects[subject], id)
	f.refs[id] = refs
	return id
}

// ServeHTTP answers GET /schemas/ids/N, GET and POST /subjects/S/versions[/V].
func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[r.Method+" "+r.URL.Path]++
	switch {
	case f.fail > 0:
		f.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case f.auth != "" && r.Header.Get("Authorization") != f.auth:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error_code":401,"message":"Unauthorized"}`)
		return
	}
	var id, version int
	subject, versioned := strings.CutPrefix(r.URL.Path, "/subjects/")
	if n, _ := fmt.Sscanf(r.URL.Path, "/schemas/ids/%d", &id); n == 1 && id <= len(f.schemas) {
		json.NewEncoder(w).Encode(map[string]any{"schema": f.schemas[id-1], "references": f.refs[id]})
		return
	}
	if versioned && r.Method == http.MethodPost {
		var body struct{ Schema string }
		json.NewDecoder(r.Body).Decode(&body)
		json.NewEncoder(w).Encode(map[string]int{"id": f.add(strings.TrimSuffix(subject, "/versions"), body.Schema)})
		return
	}
	if i := strings.LastIndex(subject, "/versions/"); versioned && i > 0 {
		fmt.Sscan(subject[i+len("/versions/"):], &version)
		if ids := f.subjects[subject[:i]]; version >= 1 && version <= len(ids) {
			json.NewEncoder(w).Encode(map[string]any{"schema": f.schemas[ids[version-1]-1], "references": f.refs[ids[version-1]]})
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `{"error_code":40403,"message":"Schema not found"}`)
}

func confluentConfig(t testing.TB, f Confluent, url string, schema types.Schema, kv ...string) codec.Config {
	t.Helper()
	kv = append(kv, f.name()+".url", url)
	return codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 100, Options: options(t, f, kv...)}
}

func people() types.Schema {
	return types.Schema{field("id", types.Of(types.BigInt)), field("name", types.StringType())}
}

func TestMessagesOfSeveralSchemas(t *testing.T) {
	reg, url := newFakeRegistry(t)
	first := `{"type":"record","name":"p","fields":[{"name":"id","type":"int"}]}`
	second := `{"type":"record","name":"p","fields":[{"name":"name","type":"string"},{"name":"id","type":["null","long"]}]}`
	part := `{"type":"record","name":"part","fields":[{"name":"x","type":"int"}]}`
	whole := `{"type":"record","name":"w","fields":[{"name":"part","type":"part"},{"name":"id","type":"long"}]}`
	unfit := `{"type":"record","name":"u","fields":[{"name":"id","type":"string"}]}`
	a, b := uint32(reg.add("p", first)), uint32(reg.add("p", second))
	reg.add("part", part)
	w := uint32(reg.add("w", whole, refJSON{"part", "part", 1}))
	u := uint32(reg.add("u", unfit))
	reg.auth = "Basic dTpw"

	f := Confluent{}
	d, err := f.NewDecoder(confluentConfig(t, f, url, people(), "avro-confluent.basic-auth.user-info", "u:p"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	reg.fail = 1
	for _, m := range [][]byte{
		confluentMessage(t, a, first, map[string]any{"id": 1}), confluentMessage(t, b, second, map[string]any{"id": int64(2), "name": "b"}),
		confluentMessage(t, a, first, map[string]any{"id": 3}), {}, append([]byte{0, 0, 0, 0, byte(w)}, 2, 8),
	} {
		if err := d.Record(m); err != nil {
			t.Fatal(err)
		}
	}
	for want, m := range map[string][]byte{
		"no schema's id": {1, 2}, "Schema not found": {0, 0, 0, 0, 99, 1}, "column 'id' (BIGINT): the Avro schema has string": {0, 0, 0, 0, byte(u), 2, 'x'},
		"end early": {0, 0, 0, 0, byte(a)}, "1 bytes follow": {0, 0, 0, 0, byte(a), 2, 2},
	} {
		for range 2 {
			if err := d.Record(m); err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
	batch := d.Flush()
	defer batch.Release()
	if got := strings.Join(stream.FormatRows(batch), "; "); got != "+I id=1 name=NULL; +I id=2 name=b; +I id=3 name=NULL; +I id=4 name=NULL" {
		t.Error(got)
	}
	// One call a schema, and one that was answered with 503.
	if n := reg.calls["GET /schemas/ids/1"]; n != 2 {
		t.Errorf("schema 1 was asked for %d times", n)
	}
}

// TestRequestsEndWithTheTask has a registry that is out of order and a task that has
// ended: nothing is asked, or waited for.
func TestRequestsEndWithTheTask(t *testing.T) {
	reg, url := newFakeRegistry(t)
	reg.fail = 1000
	f := Confluent{}
	c := confluentConfig(t, f, url, people())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Context = ctx
	d, err := f.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Record([]byte{0, 0, 0, 0, 1, 2}); !errors.Is(err, context.Canceled) || errs.ClassOf(err) != errs.Resource {
		t.Error(err)
	}
	if len(reg.calls) > 0 {
		t.Errorf("asked: %v", reg.calls)
	}
}

func TestUnreachableRegistryIsNoBadRecord(t *testing.T) {
	reg, url := newFakeRegistry(t)
	reg.fail = 1000
	f := Confluent{}
	d, err := f.NewDecoder(confluentConfig(t, f, url, people()))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Record([]byte{0, 0, 0, 0, 1, 2}); errs.ClassOf(err) != errs.Resource {
		t.Errorf("%v", err)
	}
}

func TestConfluentRoundTrip(t *testing.T) {
	for _, f := range []Confluent{{}, {changes: true}} {
		t.Run(f.name(), func(t *testing.T) {
			reg, url := newFakeRegistry(t)
			c := confluentConfig(t, f, url, everyType(), f.name()+".subject", "s-value")
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			c.Alloc = alloc
			e, err := f.NewEncoder(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.NewEncoder(c); err != nil || len(reg.schemas) != 1 {
				t.Fatalf("%v, %d schemas", err, len(reg.schemas))
			}
			batch := fromJSON(t, alloc, everyType(), everyValue)
			defer batch.Release()
			want := stream.FormatRows(batch)
			if f.changes {
				batch.Kinds = []stream.RowKind{stream.Insert, stream.UpdateBefore, stream.UpdateAfter}
				want[1] = "-D" + want[1][2:]
			}
			data, ends, err := e.Encode(nil, nil, batch)
			if err != nil {
				t.Fatal(err)
			}
			d, err := f.NewDecoder(c)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			start := 0
			for _, end := range ends {
				if err := d.Record(data[start:end]); err != nil {
					t.Fatal(err)
				}
				start = end
			}
			back := d.Flush()
			defer back.Release()
			if got := stream.FormatRows(back); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestDebeziumEnvelopes(t *testing.T) {
	reg, url := newFakeRegistry(t)
	schema := `{"type":"record","name":"Envelope","fields":[
		{"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"]}]}]},
		{"name":"after","type":["null","Value"]},
		{"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"ts","type":"long"}]}},
		{"name":"op","type":"string"}, {"name":"ts_ms","type":["null","long"]}]}`
	id := uint32(reg.add("s", schema))
	f := Confluent{changes: true}
	d, err := f.NewDecoder(confluentConfig(t, f, url, people()))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	row := func(id int, name any) any {
		return map[string]any{"Value": map[string]any{"id": int64(id), "name": name}}
	}
	send := func(op string, before, after any) error {
		return d.Record(confluentMessage(t, id, schema, map[string]any{"before": before, "after": after, "op": op,
			"source": map[string]any{"ts": int64(5)}, "ts_ms": int64(7)}))
	}
	for _, err := range []error{send("r", nil, row(1, "a")), send("u", row(1, "a"), row(1, nil)), send("d", row(1, nil), nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for want, err := range map[string]error{
		"no image before": send("u", nil, row(1, "a")), "no image after": send("c", row(1, "a"), nil), "unknown op": send("t", nil, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	batch := d.Flush()
	defer batch.Release()
	if got := strings.Join(stream.FormatRows(batch), "; "); got != "+I id=1 name=a; -U id=1 name=a; +U id=1 name=NULL; -D id=1 name=NULL" {
		t.Error(got)
	}
}

func TestRegistryOptions(t *testing.T) {
	f := Confluent{}
	if err := f.Check(people(), options(t, f)); err == nil || !strings.Contains(err.Error(), "needs the option 'avro-confluent.url'") {
		t.Errorf("%v", err)
	}
	if err := f.Check(people(), options(t, f, "avro-confluent.url", "localhost:8081")); err == nil || !strings.Contains(err.Error(), "address") {
		t.Errorf("%v", err)
	}
	_, url := newFakeRegistry(t)
	if _, err := f.NewEncoder(confluentConfig(t, f, url, people())); err == nil || !strings.Contains(err.Error(), "needs the option 'avro-confluent.subject'") {
		t.Errorf("%v", err)
	}
	c := confluentConfig(t, f, url, people(), "avro-confluent.subject", "s", "avro-confluent.schema", `{"type":"record","name":"x","fields":[]}`)
	if _, err := f.NewEncoder(c); err == nil || !strings.Contains(err.Error(), "not of the form") {
		t.Errorf("%v", err)
	}
}
