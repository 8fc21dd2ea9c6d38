package durable

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var errCut = errors.New("the power is out")

// TestReplaceFileIsAtomic cuts the power at the k-th writing operation: the file has
// its old content or its new one, and the new one if ReplaceFile said so.
func TestReplaceFileIsAtomic(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		if err := mem.MkdirAll("dir", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(SyncDir(mem, ""), ReplaceFile(mem, "dir/file", []byte("old"))); err != nil {
			t.Fatal(err)
		}
		err := ReplaceFile(cutAt(mem, k), "dir/file", []byte("new content"))
		for seed := range uint64(10) {
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 10, RNG: rand.New(rand.NewPCG(uint64(k), seed))})
			got, readErr := read(clone, "dir/file")
			if readErr != nil || got != "new content" && (got != "old" || err == nil) {
				t.Errorf("cut at %d (%v): %q, %v", k, err, got, readErr)
			}
		}
		if err == nil {
			if k < 4 {
				t.Errorf("only %d operations", k)
			}
			return
		}
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
	}
}

// TestMakeDirIsDurable lets each writing operation fail in turn, which MakeDir tells; when
// none did, what it made outlives a crash.
func TestMakeDirIsDurable(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		err := MakeDir(cutAt(mem, k), "a/b/c", 0o755)
		if err != nil {
			if !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			continue
		}
		if k < 4 {
			t.Errorf("only %d operations", k)
		}
		if _, err := mem.CrashClone(vfs.CrashCloneCfg{}).Stat("a/b/c"); err != nil {
			t.Error(err)
		}
		if err := MakeDir(cutAt(mem, 0), "a/b/c", 0o755); err != nil {
			t.Errorf("made again: %v", err)
		}
		return
	}
}

// cutAt lets k writing operations pass.
func cutAt(fs vfs.FS, k int64) vfs.FS {
	var count atomic.Int64
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && count.Add(1) > k {
			return errCut
		}
		return nil
	}))
}

func read(fs vfs.FS, path string) (string, error) {
	f, err := fs.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	return string(content), err
}
