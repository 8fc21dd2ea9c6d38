package httplimit

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thalweg/thalweg/internal/pipetest"
)

// world is a limited server whose handler reads bodies and tells how that ended.
type world struct {
	*pipetest.Network
	// read gets the error of each body, nil at its end.
	read chan error
}

// way is how a client speaks to a server.
type way struct {
	name string
	tls  bool
	h2   bool
}

var ways = []way{{"HTTP/1.1", false, false}, {"h2c", false, true}, {"TLS HTTP/1.1", true, false}, {"TLS h2", true, true}}

// serving runs a test against a server of each kind, on a clock that waits for nobody.
func serving(t *testing.T, test func(t *testing.T, w *world, client *http.Client)) {
	// The certificate is the test kit's; its server is made outside of the bubble.
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{pipetest.New(), make(chan error, 1)}
				server := &http.Server{Handler: http.HandlerFunc(w.handle), Protocols: new(http.Protocols), ErrorLog: log.New(io.Discard, "", 0)}
				server.Protocols.SetHTTP1(true)
				server.Protocols.SetHTTP2(true)
				server.Protocols.SetUnencryptedHTTP2(true)
				Default().Apply(server)
				served := make(chan error, 1)
				if way.tls {
					server.TLSConfig = &tls.Config{Certificates: lender.TLS.Certificates}
					go func() { served <- server.ServeTLS(w, "", "") }()
				} else {
					go func() { served <- server.Serve(w) }()
				}
				client := &http.Client{Transport: way.transport(w)}
				defer func() {
					client.CloseIdleConnections()
					server.Close()
					<-served
					pipetest.Pass(2 * pipetest.Linger)
				}()
				test(t, w, client)
			})
		})
	}
}

func (v way) transport(w *world) *http.Transport {
	tr := &http.Transport{
		DialContext: w.Dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols),
	}
	tr.Protocols.SetHTTP1(!v.h2)
	tr.Protocols.SetHTTP2(v.h2 && v.tls)
	tr.Protocols.SetUnencryptedHTTP2(v.h2 && !v.tls)
	return tr
}

// dial makes a raw connection.
func (w *world) dial() net.Conn {
	conn, err := w.Dial(context.Background(), "", "")
	if err != nil {
		panic(err)
	}
	return conn
}

// url is where the way leads.
func url(t *testing.T, path string) string {
	if strings.Contains(t.Name(), "TLS") {
		return "https://pipe" + path
	}
	return "http://pipe" + path
}

// handle reads the body, unless the path says not to; "/long" then answers for an hour.
func (w *world) handle(rw http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/unread") {
		_, err := io.Copy(io.Discard, r.Body)
		w.read <- err
		if err != nil {
			rw.WriteHeader(http.StatusRequestTimeout)
			return
		}
	}
	if !strings.HasPrefix(r.URL.Path, "/long") {
		return
	}
	for range 60 {
		select {
		case <-time.After(time.Minute):
		case <-r.Context().Done():
			return
		}
		_, _ = io.WriteString(rw, "x")
		_ = http.NewResponseController(rw).Flush()
	}
}

// send posts what write writes, and gives the answer once it has one.
func send(t *testing.T, client *http.Client, path string, write func(w io.Writer)) chan *http.Response {
	body, writer := io.Pipe()
	go func() {
		write(writer)
		writer.Close()
	}()
	answered := make(chan *http.Response, 1)
	go func() {
		answer, err := client.Post(url(t, path), "text/plain", body)
		if err != nil {
			answer = nil
		}
		answered <- answer
	}()
	return answered
}

// TestASlowBodyIsRead sends 200 KB over four minutes.
func TestASlowBodyIsRead(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		answered := send(t, client, "/", func(w io.Writer) {
			for range 10 {
				pipetest.Pass(25 * time.Second)
				_, _ = io.WriteString(w, strings.Repeat("x", 26<<10))
			}
		})
		if err := <-w.read; err != nil {
			t.Fatal(err)
		}
		answer := <-answered
		if answer == nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("answered %v", answer)
		}
		answer.Body.Close()
	})
}

// TestAHalfBodyIsGivenUp sends a part of a body and then nothing.
func TestAHalfBodyIsGivenUp(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		start, end := time.Now(), make(chan struct{})
		answered := send(t, client, "/", func(w io.Writer) {
			_, _ = io.WriteString(w, "half of it")
			<-end
		})
		if err := <-w.read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body ended with %v", err)
		}
		if took := time.Since(start); took > Default().BodyPatience {
			t.Errorf("it was waited for %s", took)
		}
		close(end)
		if answer := <-answered; answer != nil {
			answer.Body.Close()
		}
	})
}

// TestADrippingBodyIsGivenUp sends a byte in five seconds.
func TestADrippingBodyIsGivenUp(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		start, ended := time.Now(), make(chan struct{})
		answered := send(t, client, "/", func(w io.Writer) {
			defer close(ended)
			for err := error(nil); err == nil && time.Since(start) < time.Hour; pipetest.Pass(5 * time.Second) {
				_, err = io.WriteString(w, "x")
			}
		})
		if err := <-w.read; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) > time.Minute {
			t.Errorf("the body ended with %v after %s", err, time.Since(start))
		}
		<-ended
		if answer := <-answered; answer != nil {
			answer.Body.Close()
		}
	})
}

// TestALongAnswerIsNotCutOff reads for an hour, once the body has come.
func TestALongAnswerIsNotCutOff(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		answered := send(t, client, "/long", func(w io.Writer) { _, _ = io.WriteString(w, "body") })
		<-w.read
		answer := <-answered
		if answer == nil {
			t.Fatal("no answer")
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || len(text) != 60 {
			t.Errorf("%d bytes, then %v", len(text), err)
		}
		answer.Body.Close()
	})
}

// asking writes a request to a server of HTTP/1.1, as it is given, and lets check see the
// answer.
func asking(t *testing.T, request string, check func(t *testing.T, answer *http.Response, took time.Duration)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{pipetest.New(), make(chan error, 1)}
		server := &http.Server{Handler: http.HandlerFunc(w.handle)}
		Default().Apply(server)
		go server.Serve(w)
		defer pipetest.Pass(2 * pipetest.Linger)
		defer server.Close()
		conn, start := w.dial(), time.Now()
		defer conn.Close()
		_, _ = io.WriteString(conn, request)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		check(t, answer, time.Since(start))
	})
}

// TestABodyThatNobodyReadsIsGivenUp sends a part of a body to a handler that answers
// without it: HTTP/1.1 has to read it to find the next request.
func TestABodyThatNobodyReadsIsGivenUp(t *testing.T) {
	asking(t, "POST /unread HTTP/1.1\r\nHost: pipe\r\nContent-Length: 1000\r\n\r\nhalf", func(t *testing.T, answer *http.Response, took time.Duration) {
		if !answer.Close || took > Default().BodyPatience {
			t.Errorf("%v after %s", answer, took)
		}
	})
}

// TestWhoWaitsToSendABodyIsAnswered asks whether to send one, of a handler that wants none.
func TestWhoWaitsToSendABodyIsAnswered(t *testing.T) {
	request := "POST /unread HTTP/1.1\r\nHost: pipe\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
	asking(t, request, func(t *testing.T, answer *http.Response, took time.Duration) {
		if answer.StatusCode != http.StatusOK || took > 0 {
			t.Errorf("%v after %s", answer, took)
		}
	})
}

// TestAStrayBodyDoesNotEndAnAnswer sends a body where none is read before an answer of an
// hour.
func TestAStrayBodyDoesNotEndAnAnswer(t *testing.T) {
	asking(t, "GET /long/unread HTTP/1.1\r\nHost: pipe\r\nContent-Length: 2\r\n\r\n{}", func(t *testing.T, answer *http.Response, _ time.Duration) {
		if text, err := io.ReadAll(answer.Body); err != nil || len(text) != 60 {
			t.Errorf("%d bytes, then %v", len(text), err)
		}
	})
}

// TestHeadersAreBounded sends long ones, half ones and none.
func TestHeadersAreBounded(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		for size, refused := range map[int]bool{16 << 10: false, 100 << 10: true} {
			r, err := http.NewRequest(http.MethodPost, url(t, "/"), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Long", strings.Repeat("x", size))
			answer, err := client.Do(r)
			if err == nil {
				answer.Body.Close()
			}
			// HTTP/2 clients are told the bound, and keep to it.
			if got := err != nil || answer.StatusCode == http.StatusRequestHeaderFieldsTooLarge; got != refused {
				t.Errorf("%d bytes of header: %v, %v", size, answer, err)
			}
			if !refused {
				<-w.read
			}
		}
		for _, begun := range []string{"", "POST / HTTP/1.1\r\nHost: pi", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
			conn, start := w.dial(), time.Now()
			go io.WriteString(conn, begun)
			if _, err := io.Copy(io.Discard, conn); err != nil || time.Since(start) > time.Minute {
				t.Errorf("after %q: %v, %s", begun, err, time.Since(start))
			}
			conn.Close()
		}
	})
}

// TestIdleConnectionsAreClosed asks once and then nothing.
func TestIdleConnectionsAreClosed(t *testing.T) {
	serving(t, func(t *testing.T, w *world, client *http.Client) {
		dial, ended := client.Transport.(*http.Transport).DialContext, make(chan time.Time, 1)
		client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return &watched{Conn: conn, ended: ended}, err
		}
		answer := <-send(t, client, "/", func(w io.Writer) { _, _ = io.WriteString(w, "body") })
		<-w.read
		if answer == nil {
			t.Fatal("no answer")
		}
		answer.Body.Close()
		start := time.Now()
		if took := (<-ended).Sub(start); took > Default().IdlePatience+time.Minute {
			t.Errorf("closed after %s", took)
		}
	})
}

// watched tells when its client has closed it, since the server did.
type watched struct {
	net.Conn
	ended chan time.Time
}

func (w *watched) Close() error {
	select {
	case w.ended <- time.Now():
	default:
	}
	return w.Conn.Close()
}
