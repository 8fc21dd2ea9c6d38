package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

// source is the reading side of one table: a split per subject filter.
type source struct {
	*layout
	splice *format.Splice
	core   bool
}

var _ connector.Changing = (*source)(nil)

func newSource(l *layout) (*source, error) {
	o := l.table.Options
	s := &source{layout: l, splice: format.NewSplice(l.table.Schema, l.table.Beside), core: o.String(optionMode) == modeCore}
	switch {
	case s.core && len(l.subjects) == 0:
		return nil, errs.Userf("table '%s': 'mode' = 'core' needs the option 'subject'", l.table.Name)
	case s.core && (o.Given(optionStream) || o.Given(optionStartup) || o.Given(optionBounded)):
		return nil, errs.Userf("table '%s': 'mode' = 'core' has no stream to start or end in", l.table.Name).
			WithHint("leave out 'stream' and the 'scan.' options")
	case !s.core && !o.Given(optionStream):
		return nil, errs.Userf("table '%s': reading needs the option 'stream'", l.table.Name).
			WithHint("or 'mode' = 'core' to subscribe to subjects without a stream")
	case !s.core && o.Given(optionQueue):
		return nil, errs.Userf("table '%s': 'queue-group' needs 'mode' = 'core'", l.table.Name)
	}
	return s, nil
}

// Apply implements connector.Source: every projection is done while decoding.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	columns := p.Columns
	if columns == nil {
		columns = s.table.Schema
	}
	s.splice = format.NewSplice(columns, s.table.Beside)
	return connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}, nil
}

// Changes implements connector.Changing.
func (s *source) Changes() connector.SinkMode { return s.records.Changes() }

// Bounded implements connector.Source.
func (s *source) Bounded() bool {
	return !s.core && s.table.Options.String(optionBounded) == boundLatest
}

const splitVersion = 1

// split is what a split's payload and a position hold.
type split struct {
	Version int    `msgpack:"v"`
	Subject string `msgpack:"s"`
	// Next is the least stream sequence to read; 0 means to start at Millis.
	Next   uint64 `msgpack:"n"`
	Millis int64  `msgpack:"m,omitempty"`
	// Bounded splits end behind stream sequence End.
	Bounded bool   `msgpack:"b,omitempty"`
	End     uint64 `msgpack:"e,omitempty"`
}

func (p split) encode() ([]byte, error) {
	b, err := msgpack.Marshal(p)
	return b, errs.Wrap(errs.Bug, err, "encoding a position in a stream")
}

// allSubjects is the filter, and the split, of a table without the option subject.
const allSubjects = ">"

// Discover implements connector.Source. The stream's end is asked for once, so
// that a restart before the first checkpoint reads the same.
func (s *source) Discover(ctx context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	have := make(map[connector.SplitID]bool, len(known))
	for _, id := range known {
		have[id] = true
	}
	var p *split
	var out []connector.Split
	for _, subject := range s.filters() {
		if have[connector.SplitID(subject)] {
			continue
		}
		if p == nil {
			var err error
			if p, err = s.start(ctx); err != nil {
				return nil, err
			}
		}
		p.Subject = subject
		payload, err := p.encode()
		if err != nil {
			return nil, err
		}
		out = append(out, connector.Split{ID: connector.SplitID(subject), Payload: payload})
	}
	return out, nil
}

func (s *source) filters() []string {
	switch {
	case s.records.Upsert:
		return []string{s.subjects[0] + ".>"}
	case len(s.subjects) == 0:
		return []string{allSubjects}
	}
	return s.subjects
}

// start describes where a new job starts, by the options and the stream.
func (s *source) start(ctx context.Context) (*split, error) {
	p := &split{Version: splitVersion, Next: 1}
	if s.core {
		return p, nil
	}
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	info, err := s.streamInfo(ctx, c)
	if err != nil {
		return nil, err
	}
	o := s.table.Options
	switch o.String(optionStartup) {
	case startLatest:
		p.Next = info.State.LastSeq + 1
	case startTimestamp:
		p.Next, p.Millis = 0, o.Int(optionMillis)
	case startSequence:
		p.Next = max(1, uint64(o.Int(optionSequence)))
	}
	if s.Bounded() {
		p.Bounded, p.End = true, info.State.LastSeq
	}
	return p, nil
}

func (s *source) streamInfo(ctx context.Context, c *session) (*jetstream.StreamInfo, error) {
	name := s.table.Options.String(optionStream)
	limited, cancel := c.limited(ctx)
	defer cancel()
	st, err := c.stream.Stream(limited, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, errs.Userf("table '%s': there is no JetStream stream '%s'", s.table.Name, name)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "table '%s': stream '%s'", s.table.Name, name)
	}
	return st.CachedInfo(), nil
}

// Open implements connector.Source.
func (s *source) Open(
	ctx context.Context, sp connector.Split, position []byte, env connector.ReaderEnv,
) (connector.Reader, error) {
	if position == nil {
		position = sp.Payload
	}
	var p split
	if err := msgpack.Unmarshal(position, &p); err != nil || p.Version != splitVersion {
		return nil, errs.Corruptionf("table '%s': a position can't be read (version %d)", s.table.Name, p.Version)
	}
	d, err := newDecoding(s, env)
	if err != nil {
		return nil, err
	}
	r := newReader(s, d, p)
	if s.core {
		err = r.subscribe()
	} else {
		err = r.follow(ctx)
	}
	if err != nil {
		d.free()
		return nil, err
	}
	return r, nil
}

// startTime is a split's Millis as a time.
func (p *split) startTime() *time.Time {
	t := time.UnixMilli(p.Millis)
	return &t
}
