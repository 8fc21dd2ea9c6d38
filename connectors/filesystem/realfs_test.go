package filesystem

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// The machine's file system words its errors differently from the one in memory.

func TestMissingFilesOnDisk(t *testing.T) {
	c := New()
	for _, name := range []string{"no.json", "no/such/*.json"} {
		path := filepath.Join(t.TempDir(), name)
		_, err := readAll(t, c, tableOf(t, c, "a BIGINT", "path", path, "format", "json"), 10, nil)
		if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoundTripOnDisk(t *testing.T) {
	for _, format := range []string{"json", "csv", "parquet", "arrow"} {
		c := New()
		dir := filepath.Join(t.TempDir(), "new", "folders")
		table := tableOf(t, c, "a BIGINT, p STRING", "path", dir, "format", format)
		table.PartitionKeys = []string{"p"}
		k := newTask(t, c, table, "j")
		k.must(k.commit.Recover(t.Context(), "j"))
		k.must(k.write("+ a=1 p=x", "+ a=2 p=y/z"))
		k.checkpoint(1)
		k.must(k.write("+ a=3 p=x"))
		k.must(k.writer.Close())
		if rows, err := readAll(t, c, table, 10, nil); err != nil || strings.Join(rows, ";") != "+I a=1 p=x;+I a=2 p=y/z" {
			t.Errorf("%s: %v, %v", format, rows, err)
		}
		for _, path := range tree(t, vfs.Default, dir) {
			if strings.Contains(path, temporaryMark) {
				t.Errorf("left: %s", path)
			}
		}
	}
}
