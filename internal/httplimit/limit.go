// Package httplimit keeps slow and hostile clients from holding a server's memory,
// goroutines and connections: what a client sends has to come, and to be of a size.
//
// It bounds only what clients send. Answers may last as long as they like: a
// subscription of minutes, results without an end.
package httplimit

import (
	"io"
	"net/http"
	"time"
)

// Limits are what a server grants to those who send to it.
type Limits struct {
	// HeaderBytes bounds a request's header.
	HeaderBytes int
	// HeaderPatience is how long a header, or a TLS handshake, may take.
	HeaderPatience time.Duration
	// IdlePatience is how long a connection is kept between two requests.
	IdlePatience time.Duration
	// BodyPatience is how long nothing of a body may come.
	BodyPatience time.Duration
	// BodyBytesPerSecond is how fast a body has to come at least, after the first
	// BodyPatience: otherwise a byte now and then would do.
	BodyBytesPerSecond int64
}

// Default are the limits of a server that has no reason for others: a header has room
// for the longest session token, and a body may come over the worst of lines.
func Default() Limits {
	return Limits{
		HeaderBytes: 32 << 10, HeaderPatience: 10 * time.Second, IdlePatience: 3 * time.Minute,
		BodyPatience: 30 * time.Second, BodyBytesPerSecond: 1 << 10,
	}
}

// Apply makes a server that has its handler keep to the limits, in HTTP/1.1 and HTTP/2.
func (l Limits) Apply(server *http.Server) {
	server.MaxHeaderBytes = l.HeaderBytes
	server.ReadHeaderTimeout = l.HeaderPatience
	server.IdleTimeout = l.IdlePatience
	server.Handler = l.handler(server.Handler)
}

// handler gives next requests whose bodies end with an error when they come too slowly.
func (l Limits) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &body{ReadCloser: r.Body, limits: l, conn: http.NewResponseController(w), begun: time.Now()}
			// Also a body that next does not read: the server reads its rest.
			b.arm()
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				// No handler reads it: the server would when the answer begins, and the
				// deadline would stay and end a long answer.
				_, _ = io.CopyN(io.Discard, b, strayBytesMax)
			}
			// In a copy: the server looks at its own request's body, such as for whether the
			// client waits to be told to send it.
			r = r.WithContext(r.Context())
			r.Body = b
		}
		next.ServeHTTP(w, r)
	})
}

// strayBytesMax is how much is read of a body where none is expected.
const strayBytesMax = 256 << 10

// body is a request's body with a deadline that its progress moves.
type body struct {
	io.ReadCloser
	limits Limits
	conn   *http.ResponseController
	begun  time.Time
	bytes  int64
	// until is the deadline.
	until time.Time
}

// Read reads on, as long as the body comes.
func (b *body) Read(p []byte) (int, error) {
	b.arm()
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	if err == io.EOF {
		b.disarm()
	}
	return n, err
}

// often is into how many steps a deadline's way is cut: setting it is not free.
const often = 16

// arm moves the deadline.
func (b *body) arm() {
	earned := time.Duration(b.bytes/b.limits.BodyBytesPerSecond) * time.Second
	until := b.begun.Add(b.limits.BodyPatience + earned)
	if next := time.Now().Add(b.limits.BodyPatience); next.Before(until) {
		until = next
	}
	if until.Sub(b.until) < b.limits.BodyPatience/often {
		return
	}
	b.until = until
	// Writers without deadlines are those of tests.
	_ = b.conn.SetReadDeadline(until)
}

// disarm lets the connection be: what comes next is the next request.
func (b *body) disarm() { _ = b.conn.SetReadDeadline(time.Time{}) }
