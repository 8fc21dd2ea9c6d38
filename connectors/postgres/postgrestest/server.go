// Package postgrestest starts PostgreSQL servers for tests.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// program finds a server's program, on the path or where Debian keeps it.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("there is no %s here: install PostgreSQL's server (Debian: postgresql)", name)
	}
	return found[len(found)-1], nil
}

// Server starts a PostgreSQL server of the test's own, in a folder of its own, and gives
// its url. The server refuses to run as root: then it runs as its own user. Where there is none the test is skipped.
func Server(t testing.TB) string {
	t.Helper()
	initdb, err := program("initdb")
	if err != nil {
		t.Skip(err)
	}
	postgres, err := program("postgres")
	if err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := owner(t, dir)
	run := func(path string, args ...string) *exec.Cmd {
		c := exec.Command(path, args...)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		c.Dir = dir
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := run(initdb, "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8", "--locale=C", "-N").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePort(t)
	c := run(postgres, "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-h", "127.0.0.1", "-F")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGQUIT) // stops at once
		_ = c.Wait()
	})
	url := fmt.Sprintf("postgresql://shop@127.0.0.1:%d/postgres", port)
	await(t, url)
	return url
}

// owner is who runs the server, which owns dir then; nil is this process's user.
func owner(t testing.TB, dir string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("neither postgres nor nobody is a user here")
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// await waits until the server takes connections.
func await(t testing.TB, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, url)
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the server doesn't come up: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Execute runs SQL and gives the rows of its last statement, parted by `|`.
func Execute(t testing.TB, url, sql string) []string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			t.Fatalf("%s\n%v", sql, refused)
		}
		t.Fatal(err)
	}
	var rows []string
	for _, row := range results[len(results)-1].Rows {
		line := ""
		for i, v := range row {
			if i > 0 {
				line += "|"
			}
			if v == nil {
				line += "NULL"
			}
			line += string(v)
		}
		rows = append(rows, line)
	}
	return rows
}
