package filesystem

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// absolute resolves a relative path against workDir, or the process's working
// directory.
func absolute(path, workDir string) (string, error) {
	if !filepath.IsAbs(path) && workDir != "" {
		path = filepath.Join(workDir, path)
	}
	path, err := filepath.Abs(path)
	return path, errs.Wrap(errs.Resource, err, "resolving the path '%s'", path)
}

// found is a file that a path names.
type found struct {
	path           string
	sizeBytes      int64
	modifiedMillis int64
}

// hidden reports a name that is left out of folders and patterns.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

// isPattern reports a path with wildcards.
func isPattern(path string) bool { return strings.ContainsAny(path, "*?[") }

// find lists the files of a path, in order of their names. A path without
// wildcards must exist.
func find(fs vfs.FS, path string) ([]found, error) {
	if info, err := fs.Stat(path); err == nil {
		return walk(fs, nil, path, info)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, errs.Wrap(errs.Resource, err, "looking at '%s'", path)
	}
	if !isPattern(path) {
		return nil, errs.Userf("there is no file or folder '%s'", path).WithHint("check the table's option 'path'")
	}
	return glob(fs, path)
}

// walk adds the file at path, or all files below it.
func walk(fs vfs.FS, files []found, path string, info os.FileInfo) ([]found, error) {
	if !info.IsDir() {
		return append(files, found{path: path, sizeBytes: info.Size(), modifiedMillis: info.ModTime().UnixMilli()}), nil
	}
	names, err := list(fs, path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if files, err = descend(fs, files, filepath.Join(path, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// descend walks on at path, which was listed a moment ago and may have gone.
func descend(fs vfs.FS, files []found, path string) ([]found, error) {
	info, err := fs.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return files, nil
	}
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "looking at '%s'", path)
	}
	return walk(fs, files, path, info)
}

// list gives a folder's names in order, without hidden ones.
func list(fs vfs.FS, dir string) ([]string, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "listing '%s'", dir)
	}
	kept := names[:0]
	for _, name := range names {
		if !hidden(name) {
			kept = append(kept, name)
		}
	}
	sort.Strings(kept)
	return kept, nil
}

// glob lists the files that a pattern matches, folders matched by it included.
func glob(fs vfs.FS, pattern string) ([]found, error) {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return nil, errs.Userf("'%s' is no pattern", pattern).WithHint("a '[' needs its ']'")
	}
	parts := strings.Split(filepath.ToSlash(pattern), "/")
	dirs := []string{parts[0] + "/"}
	for i, part := range parts[1:] {
		var err error
		if dirs, err = expand(fs, dirs, part); err != nil {
			return nil, err
		}
		if len(dirs) == 0 {
			return nil, errs.Userf("no file matches '%s'", pattern).WithHint("nothing fits '%s'", strings.Join(parts[:i+2], "/"))
		}
	}
	var files []found
	for _, path := range dirs {
		var err error
		if files, err = descend(fs, files, path); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// expand gives the entries of dirs whose name matches part.
func expand(fs vfs.FS, dirs []string, part string) ([]string, error) {
	var out []string
	for _, dir := range dirs {
		if !isPattern(part) {
			path := filepath.Join(dir, part)
			if _, err := fs.Stat(path); err == nil {
				out = append(out, path)
			}
			continue
		}
		if info, err := fs.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		names, err := list(fs, dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if ok, _ := filepath.Match(part, name); ok {
				out = append(out, filepath.Join(dir, name))
			}
		}
	}
	return out, nil
}

// folderName is the folder of a partition: key=value, escaped.
func folderName(key, value string) string { return escape(key) + "=" + escape(value) }

// escape writes bytes that a folder name can't or shouldn't hold as %XX.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == 0x7f || strings.IndexByte(`"#%'*/:=?\{}[]^`, c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// folderValue is the value of a partition key in a file's path; ok is false when
// no folder of the path names the key.
func folderValue(path, key string) (value string, ok bool) {
	for _, part := range strings.Split(filepath.ToSlash(filepath.Dir(path)), "/") {
		name, value, isPartition := strings.Cut(part, "=")
		if isPartition && unescape(name) == key {
			return unescape(value), true
		}
	}
	return "", false
}

func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}
