package nats

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// declareUpsert makes a table of the bucket's stream.
func (w *world) declareUpsert(options ...string) connector.Table {
	w.t.Helper()
	given := map[string]string{"url": w.server.ClientURL(), "subject": "$KV.orders", "stream": "KV_orders",
		"key.format": "csv", "value.format": "json", "value.fields-include": "EXCEPT_KEY", "scan.bounded.mode": "latest"}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	parsed, err := NewUpsert().Spec().Parse(given)
	if err != nil {
		w.t.Fatal(err)
	}
	return connector.Table{Name: "orders", Schema: orderSchema(), Options: parsed, PrimaryKey: []string{"k"}}
}

func TestUpsertsAreABucketOfKeysAndValues(t *testing.T) {
	for _, guarantee := range []string{"at-least-once", "exactly-once"} {
		w, ctx := newWorld(t), context.Background()
		bucket, err := w.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "orders", Storage: jetstream.MemoryStorage})
		if err != nil {
			t.Fatal(err)
		}
		table := w.declareUpsert("sink.delivery-guarantee", guarantee)
		s, err := NewUpsert().Sink(table)
		if err != nil {
			t.Fatal(err)
		}
		if s.Mode() != connector.Upsert {
			t.Errorf("the sink takes %s", s.Mode())
		}
		writer := writerOf(t, s, 0)
		if err := writer.Write(ctx, orderBatch(t, orderSchema(), "+ k=1 s=a", "+ k=2 s=b", "+U k=1 s=c", "- k=2 s=b", "+ k=3 s=d")); err != nil {
			t.Fatal(err)
		}
		prepared, err := writer.Prepare(ctx, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		committer, err := s.Committer(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := committer.Commit(ctx, 1, prepared.Committables); err != nil {
			t.Fatal(err)
		}
		writer.Close()
		committer.Close()
		// Others see a bucket, and what they change is seen.
		keys, err := bucket.Keys(ctx)
		if slices.Sort(keys); err != nil || !slices.Equal(keys, []string{"1", "3"}) {
			t.Errorf("%s: the bucket's keys are %v, %v", guarantee, keys, err)
		}
		if err := bucket.Delete(ctx, "3"); err != nil {
			t.Fatal(err)
		}
		src, err := NewUpsert().Source(table)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := w.rows(src, nil)
		// A bucket keeps the last message of each key.
		if want := []string{"+I k=1 s=c", "-D k=2 s=NULL", "-D k=3 s=NULL"}; err != nil || !slices.Equal(rows, want) {
			t.Errorf("%s: read %q, %v", guarantee, rows, err)
		}
	}
}

func TestKeysInSubjects(t *testing.T) {
	for key, want := range map[string]string{
		"42": "42", "a.b": "a.b", ".a..b.": "%2Ea.%2Eb%2E", `{"id":1}`: "%7B%22id%22%3A1%7D", "50%": "50%25", "ö *>": "%C3%B6%20%2A%3E",
	} {
		got := appendKey(nil, []byte(key))
		if string(got) != want {
			t.Errorf("%q is %s, not %s", key, got, want)
		}
		if back := keyOf(nil, "s", "s."+string(got)); !bytes.Equal(back, []byte(key)) {
			t.Errorf("%s is read as %q", got, back)
		}
	}
	if got := keyOf(nil, "s", "s.%zz%4"); string(got) != "%zz%4" {
		t.Errorf("broken escapes are read as %q", got)
	}
}

func TestUpsertDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, options := range [][]string{{"subject", "a;b"}, {"subject", "a.*"}, {"mode", "core"}, {"value.format", "canal-json"}} {
		err := NewUpsert().Check(w.declareUpsert(options...))
		if err == nil || errs.ClassOf(err) == errs.Bug {
			t.Errorf("%q: %v", options, err)
		}
	}
}
