package checkpoint

import (
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// writeCategory is what Pebble's file systems count our writes as.
const writeCategory vfs.DiskWriteCategory = "thalweg-checkpoint"

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(struct{ io.Reader }{f})
	if e := f.Close(); err == nil {
		err = e
	}
	return b, err
}

// writeFile writes a file durably, but for its directory's entry.
func writeFile(fs vfs.FS, path string, b []byte) error {
	return write(fs, path, b, vfs.File.Sync)
}

// writeUnsynced writes a file that no crash needs to preserve.
func writeUnsynced(fs vfs.FS, path string, b []byte) error {
	return write(fs, path, b, func(vfs.File) error { return nil })
}

func write(fs vfs.FS, path string, b []byte, finish func(vfs.File) error) error {
	f, err := fs.Create(path, writeCategory)
	if err != nil {
		return err
	}
	if len(b) > 0 {
		// A file may change what it is given to write.
		_, err = f.Write(append([]byte(nil), b...))
	}
	if err == nil {
		err = finish(f)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

func syncFile(fs vfs.FS, path string) error {
	f, err := fs.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// transfer links a file, or copies it where that can't be.
func transfer(from vfs.FS, source string, to vfs.FS, target string) error {
	if from == to {
		return vfs.LinkOrCopy(to, source, target)
	}
	return vfs.CopyAcrossFS(from, source, to, target)
}
