package cli_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/thalweg/thalweg/cmd/internal/cli"
)

// TestServersBoundWhatClientsSend sends a long header to each address of a server.
func TestServersBoundWhatClientsSend(t *testing.T) {
	log, written := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- cli.Main([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--aws-listen", "127.0.0.1:0"},
			cli.Stdio{In: strings.NewReader(""), Out: io.Discard, Err: written})
		written.Close()
	}()
	lines := bufio.NewScanner(log)
	address := regexp.MustCompile(`(rest|aws)=http://(127\.0\.0\.1:\d+)`)
	for served := 0; served < 2 && lines.Scan(); {
		found := address.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		served++
		if status := statusOf(t, found[2], 100<<10); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: a header of 100 KB gets %d", found[1], status)
		}
		if status := statusOf(t, found[2], 16<<10); status != http.StatusNotFound {
			t.Errorf("%s: a header of 16 KB gets %d", found[1], status)
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until the server has stopped
	}
	if code := <-done; code != 0 {
		t.Errorf("exit %d", code)
	}
}

// statusOf asks for what is nowhere, with a header of a size.
func statusOf(t *testing.T, address string, bytes int) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		// The server may close while this is being written.
		_, _ = io.WriteString(conn, "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", bytes)+"\r\n\r\n")
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
