// Package wasmtest makes modules for tests.
package wasmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Plain is a module of two exports of numbers, assembled by hand: add(i64, i64) and
// spin(i64), which never ends.
var Plain = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 12, 2, 0x60, 2, 0x7e, 0x7e, 1, 0x7e, 0x60, 1, 0x7e, 1, 0x7e, // types
	3, 3, 2, 0, 1, // functions
	7, 14, 2, 3, 'a', 'd', 'd', 0, 0, 4, 's', 'p', 'i', 'n', 0, 1, // exports
	10, 18, 2, 7, 0, 0x20, 0, 0x20, 1, 0x7c, 0x0b, 8, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0, 0x0b, // code
}

// Text builds examples/wasm/text with this Go toolchain and gives the file. It skips
// short runs: building for another platform compiles the standard library anew.
func Text(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a module")
	}
	path := filepath.Join(t.TempDir(), "text.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", path, "github.com/thalweg/thalweg/examples/wasm/text")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the module: %v\n%s", err, out)
	}
	return path
}
