package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// The data directory keeps the modules of functions under the hash of their bytes, so
// that a function stays what it was when its file changes or goes.
const (
	modulesDir = "modules"
	moduleEnd  = ".wasm"
	// moduleBytesMax bounds what is taken for a module.
	moduleBytesMax = 256 << 20
)

// keep takes the file that a definition names into the data directory.
func (e *Engine) keep(d *functions.Definition) error {
	if d.Language != "WASM" {
		return nil
	}
	path := strings.TrimPrefix(d.Class, "file://")
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.partsNow().env.WorkDir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return errs.Userf("there is no file '%s'", path)
		}
		return errs.Wrap(errs.Resource, err, "read the module '%s'", d.Class)
	}
	if info.Size() > moduleBytesMax {
		return errs.Userf("the module '%s' has more than %d MiB", d.Class, moduleBytesMax>>20)
	}
	code, err := os.ReadFile(path)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "read the module '%s'", d.Class)
	}
	sum := sha256.Sum256(code)
	d.Module = hex.EncodeToString(sum[:])
	return errs.Wrap(errs.Resource, e.writeModule(d.Module, code), "keep the module '%s'", d.Class)
}

func (e *Engine) modulePath(hash string) string {
	return e.fs.PathJoin(e.dir, modulesDir, hash+moduleEnd)
}

// writeModule makes a module durable: written aside, synced, moved in place, one at a time.
func (e *Engine) writeModule(hash string, code []byte) error {
	e.library.mu.Lock()
	defer e.library.mu.Unlock()
	path := e.modulePath(hash)
	if _, err := e.fs.Stat(path); err == nil {
		return nil
	}
	dir := e.fs.PathJoin(e.dir, modulesDir)
	if err := e.fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	aside := path + ".new"
	f, err := e.fs.Create(aside, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(code)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := e.fs.Rename(aside, path); err != nil {
		return err
	}
	return errors.Join(durable.SyncDir(e.fs, dir), durable.SyncDir(e.fs, e.dir))
}

// readModule reads a module back and checks it.
func (e *Engine) readModule(d functions.Definition) ([]byte, error) {
	f, err := e.fs.Open(e.modulePath(d.Module))
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "read the module '%s' of the function %s", d.Class, d.Name)
	}
	code, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errs.Wrap(errs.Resource, err, "read the module '%s' of the function %s", d.Class, d.Name)
	}
	if sum := sha256.Sum256(code); hex.EncodeToString(sum[:]) != d.Module {
		return nil, errs.Corruptionf("the module '%s' of the function %s is not what was kept", d.Class, d.Name)
	}
	return code, nil
}

// tidyModules removes modules that neither the catalog nor a job names. It runs before
// anything can name new ones.
func (e *Engine) tidyModules() error {
	dir := e.fs.PathJoin(e.dir, modulesDir)
	files, err := e.fs.List(dir)
	if err != nil || len(files) == 0 {
		return nil // there never was a module
	}
	named := map[string]bool{}
	for _, f := range e.functions {
		named[f.Module+moduleEnd] = true
	}
	for _, m := range e.models {
		named[m.Module+moduleEnd] = true
	}
	jobs, err := e.meta.Jobs()
	if err != nil {
		return err
	}
	for _, j := range jobs {
		for _, f := range j.Functions {
			named[f.Module+moduleEnd] = true
		}
		for _, m := range j.Models {
			named[m.Module+moduleEnd] = true
		}
	}
	for _, file := range files {
		if named[file] {
			continue
		}
		if err := e.fs.Remove(e.fs.PathJoin(dir, file)); err != nil {
			return errs.Wrap(errs.Resource, err, "remove the module %s", file)
		}
	}
	return nil
}
