package meta

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// Names of the files of a lock.
const (
	lockFile  = "LOCK"
	ownerFile = "OWNER"
)

// Owner tells which process holds a data directory.
type Owner struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
}

// Lock takes dir for this process, making it if there is none. When another one
// holds it, the error names it. Closing the result gives dir free; so does the
// process's end.
func Lock(fs vfs.FS, dir string) (io.Closer, error) {
	if err := durable.MakeDir(fs, dir, 0o755); err != nil {
		return nil, errs.Wrap(errs.Resource, err, "make the data directory %s", dir)
	}
	lock, err := fs.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, held(fs, dir, err)
	}
	host, _ := os.Hostname() // An unknown host is shown as empty.
	data, err := json.Marshal(Owner{PID: os.Getpid(), Host: host})
	if err == nil {
		err = writeFile(fs, filepath.Join(dir, ownerFile), data)
	}
	if err != nil {
		_ = lock.Close()
		return nil, errs.Wrap(errs.Resource, err, "mark the data directory %s as taken", dir)
	}
	return lock, nil
}

// held explains why dir can't be locked.
func held(fs vfs.FS, dir string, cause error) error {
	who := "another process"
	if data, err := readFile(fs, filepath.Join(dir, ownerFile)); err == nil {
		var o Owner
		if json.Unmarshal(data, &o) == nil && o.PID > 0 {
			who = fmt.Sprintf("process %d on host %q", o.PID, o.Host)
		}
	}
	e := errs.Resourcef("the data directory %s is held by %s", dir, who).
		WithHint("stop that process, or choose another directory with --data")
	e.Cause = cause
	return e
}

func writeFile(fs vfs.FS, name string, data []byte) error {
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func readFile(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
