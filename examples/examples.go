// Package examples carries the example scripts and their data inside the binary,
// so that they run from an empty folder too.
package examples

import (
	"embed"
	"io/fs"
	"os"
	"path/filepath"
)

// Files holds the scripts (*.sql) and their data (data/*).
//
//go:embed *.sql data/*
var Files embed.FS

// Variable is the script variable that says where the data lies; it defaults to
// this folder as seen from the module's root.
const Variable = "EXAMPLES"

// Names lists the scripts.
func Names() []string {
	names, err := fs.Glob(Files, "*.sql")
	if err != nil {
		panic("examples: " + err.Error())
	}
	return names
}

// Write copies all files below dir.
func Write(dir string) error {
	return fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := Files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}
