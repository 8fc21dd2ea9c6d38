package filesystem

import (
	"context"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
)

// A job that goes on after a file has grown reads the file's last known piece to its
// end: what was added is not one more split.
func TestAGrownFileHasNoNewSplits(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	put(t, fs, "/in/a.json", strings.Repeat(`{"v":1}`+"\n", 10))
	table := tableOf(t, c, "v BIGINT", "path", "/in", "format", "json", "source.split-size", "40b")
	source, err := c.Source(table)
	if err != nil {
		t.Fatal(err)
	}
	first, err := source.Discover(context.Background(), nil, 1)
	if err != nil || len(first) != 2 {
		t.Fatalf("%d splits (%v), want 2", len(first), err)
	}
	var known []connector.SplitID
	for _, s := range first {
		known = append(known, s.ID)
	}
	put(t, fs, "/in/a.json", strings.Repeat(`{"v":1}`+"\n", 30))
	put(t, fs, "/in/b.json", `{"v":2}`+"\n")
	again, err := source.Discover(context.Background(), known, 1)
	if err != nil || len(again) != 1 || again[0].ID != "/in/b.json@0" {
		t.Fatalf("new splits %v (%v), want b.json alone", again, err)
	}
}
