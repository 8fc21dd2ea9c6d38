// Package pipetest is a network within the process, for tests: its connections keep the
// clock of a bubble of testing/synctest, in which a server's minutes take no time.
package pipetest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Network is a listener with the way to it.
type Network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// New makes a network with one address.
func New() *Network { return &Network{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener. The address is one of this machine.
func (n *Network) Addr() net.Addr { return address }

var address = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// Dial makes a connection, as http.Transport's DialContext does.
func (n *Network) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- newConn(server):
		return newConn(client), nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// conn is an end of a pipe whose writes don't wait for a reader, as those of a socket:
// at the end of TLS both sides write.
type conn struct {
	net.Conn
	mu     sync.Mutex
	closed bool
	out    chan []byte
}

const writesMax = 1 << 12

func newConn(c net.Conn) *conn {
	b := &conn{Conn: c, out: make(chan []byte, writesMax)}
	go func() {
		for p := range b.out {
			// Once a write has failed all do.
			_, _ = c.Write(p)
		}
		_ = c.Close()
	}()
	return b
}

// RemoteAddr is that of the network.
func (c *conn) RemoteAddr() net.Addr { return address }

// Write hands p over; it is gone on return.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	select {
	case c.out <- bytes.Clone(p):
		return len(p), nil
	default:
		return 0, errors.New("too much was written that nobody reads")
	}
}

// Linger is how long what was written before Close may take to go out. A bubble's clock
// has to pass it before a test ends.
const Linger = time.Second

// Close lets what was written go out.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.out)
	_ = c.Conn.SetReadDeadline(time.Unix(0, 0))
	return c.Conn.SetWriteDeadline(time.Now().Add(Linger))
}

// Pass lets time pass on the clock of a bubble, where nobody waits for it.
func Pass(d time.Duration) { <-time.After(d) }
