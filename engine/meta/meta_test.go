package meta_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/vmihailenco/msgpack/v5"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, fs vfs.FS) *meta.Store {
	t.Helper()
	s, err := meta.Open(fs, "meta")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func table(name string) meta.Relation {
	return meta.Relation{Table: &catalog.Table{Name: name, Columns: []catalog.Column{{Name: "a", Type: types.Of(types.Int)}},
		Options: map[string]string{"connector": "print"}}}
}

func TestWhatWasPutSurvivesACrash(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := open(t, fs)
	view := meta.Relation{View: &catalog.View{Name: "v", Query: "SELECT 1"}}
	for _, r := range []meta.Relation{table("t"), table("gone"), view} {
		if err := s.PutRelation(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteRelation("gone"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutJob(meta.Job{ID: "j1", SQL: "INSERT", Plan: []byte{1, 2}}); err != nil {
		t.Fatal(err)
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, after)
	defer s.Close()
	relations, err := s.Relations()
	if err != nil || len(relations) != 2 || relations[0].Name() != "t" || relations[1].View.Query != "SELECT 1" {
		t.Fatalf("relations %+v, error %v", relations, err)
	}
	if c := relations[0].Table.Columns[0]; !c.Type.Equal(types.Of(types.Int)) {
		t.Errorf("column type %s", c.Type)
	}
	jobs, err := s.Jobs()
	if err != nil || len(jobs) != 1 || jobs[0].SQL != "INSERT" || len(jobs[0].Plan) != 2 {
		t.Fatalf("jobs %+v, error %v", jobs, err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	db, err := pebble.Open("meta", &pebble.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	data, err := msgpack.Marshal(meta.Format + 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set([]byte("format"), data, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := meta.Open(fs, "meta"); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("error %v", err)
	}
}

func TestBrokenRecordIsCorruption(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open("meta", &pebble.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set([]byte("job/x"), []byte{0xc1}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, fs)
	defer s.Close()
	if _, err := s.Jobs(); errs.ClassOf(err) != errs.Corruption {
		t.Errorf("error %v", err)
	}
}

func TestSecondLockNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	lock, err := meta.Lock(vfs.Default, dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = meta.Lock(vfs.Default, dir)
	if errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("error %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = meta.Lock(vfs.Default, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskIsAnErrorAndNotTheEnd(t *testing.T) {
	var full atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWrite {
			return syscall.ENOSPC
		}
		return nil
	}))
	s := open(t, fs)
	if err := s.PutRelation(table("t")); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	for _, name := range []string{"u", "v"} {
		if err := s.PutRelation(table(name)); errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("error %v", err)
		}
	}
	full.Store(false)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = open(t, fs)
	if relations, err := s.Relations(); err != nil || len(relations) != 1 {
		t.Errorf("%d relations, error %v", len(relations), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
