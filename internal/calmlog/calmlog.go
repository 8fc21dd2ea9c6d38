// Package calmlog keeps a log readable while something fails again and again: a record
// that repeats another one is counted in place of being written.
package calmlog

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// CountKey is the attribute of a record that stands for others: how many like it
// were left out before.
const CountKey = "repeated"

// keysMax bounds how many different records are remembered; those beyond are told
// apart by their messages only.
const keysMax = 1000

// Handler passes the first of records that are alike on, and one more with their
// number whenever an interval ends in which there were others. Records are alike when
// level, message and attributes are, apart from the numbers in them: so the shards of a
// full disk are. A handler made by WithAttrs or WithGroup counts with its parent.
type Handler struct {
	next   slog.Handler
	prefix string
	shared *counts
}

var _ slog.Handler = (*Handler)(nil)

// counts is what is known of the records of the present intervals.
type counts struct {
	every time.Duration
	mu    sync.Mutex
	seen  map[string]*repeated
}

// repeated is the last of records that are alike, and how many were left out since one
// was passed on.
type repeated struct {
	handler *Handler
	last    slog.Record
	count   int
}

// New makes a handler in front of next.
func New(next slog.Handler, every time.Duration) *Handler {
	return &Handler{next: next, shared: &counts{every: every, seen: map[string]*repeated{}}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	c := h.shared
	key := h.prefix + keyOf(r)
	c.mu.Lock()
	if len(c.seen) >= keysMax && c.seen[key] == nil {
		key = r.Message
	}
	if known := c.seen[key]; known != nil {
		known.handler, known.last = h, r.Clone()
		known.count++
		c.mu.Unlock()
		return nil
	}
	c.seen[key] = &repeated{}
	c.mu.Unlock()
	time.AfterFunc(c.every, func() { c.tell(key) })
	return h.next.Handle(ctx, r)
}

// tell passes the last of the records on that were left out, once an interval, until
// there are none.
func (c *counts) tell(key string) {
	c.mu.Lock()
	known := c.seen[key]
	now := *known
	if now.count == 0 {
		delete(c.seen, key)
		c.mu.Unlock()
		return
	}
	*known = repeated{}
	c.mu.Unlock()
	time.AfterFunc(c.every, func() { c.tell(key) })
	now.last.AddAttrs(slog.Int(CountKey, now.count))
	// A log that can't be written has nobody to be told.
	_ = now.handler.next.Handle(context.Background(), now.last)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	prefix := h.prefix
	for _, a := range attrs {
		prefix += textOf(a)
	}
	return &Handler{h.next.WithAttrs(attrs), prefix, h.shared}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.prefix + name + ".", h.shared}
}

// keyOf is what records have in common that are alike.
func keyOf(r slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(textOf(a))
		return true
	})
	return b.String()
}

// textOf is an attribute without the numbers in it.
func textOf(a slog.Attr) string {
	var b strings.Builder
	b.WriteString(" " + a.Key + "=")
	digits := false
	for _, c := range a.Value.String() {
		digit := c >= '0' && c <= '9'
		if digit && !digits {
			b.WriteByte('#')
		}
		if !digit {
			b.WriteRune(c)
		}
		digits = digit
	}
	return b.String()
}
