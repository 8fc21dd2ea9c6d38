package nexmark

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// source is the reading side of one table.
type source struct {
	config    Config
	layout    *layout
	clock     Clock
	keepAlive bool
	paced     bool
	cache     *tableCache
}

var _ connector.Source = (*source)(nil)

// Apply implements connector.Source: every projection is done, and every filter
// that only asks for the kind of event.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	applied := connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}
	columns := p.Columns
	if columns == nil {
		columns = s.layout.schema
	}
	l, err := newLayout(columns)
	if err != nil {
		return connector.Applied{}, errs.Wrap(errs.Bug, err, "pushing a projection down")
	}
	for i, f := range p.Filters {
		if keep, ok := kindsPassing(f, l); ok {
			applied.Filters[i] = true
			for k := range l.emit {
				l.emit[k] = l.emit[k] && keep[k]
			}
		}
	}
	s.layout = l
	return applied, nil
}

// Bounded implements connector.Source.
func (s *source) Bounded() bool { return s.config.limited() && !s.keepAlive }

// splitVersion is the version of a split's payload and of a position.
const splitVersion = 1

// splitPayload is what a split's payload holds.
type splitPayload struct {
	Version int   `msgpack:"v"`
	Split   Split `msgpack:"s"`
}

// Discover implements connector.Source: the splits of the first call stay for the
// life of the job, whatever its parallelism becomes.
func (s *source) Discover(_ context.Context, known []connector.SplitID, parallelism int) ([]connector.Split, error) {
	if len(known) > 0 {
		return nil, nil
	}
	var out []connector.Split
	for _, split := range s.config.Splits(max(1, parallelism)) {
		payload, err := msgpack.Marshal(splitPayload{splitVersion, split})
		if err != nil {
			return nil, errs.Wrap(errs.Bug, err, "encoding a Nexmark split")
		}
		out = append(out, connector.Split{
			ID: connector.SplitID(fmt.Sprintf("%d/%d", split.Index, split.Count)), Payload: payload,
		})
	}
	return out, nil
}

// Open implements connector.Source.
func (s *source) Open(
	_ context.Context, split connector.Split, position []byte, env connector.ReaderEnv,
) (connector.Reader, error) {
	var p splitPayload
	if err := msgpack.Unmarshal(split.Payload, &p); err != nil || p.Version != splitVersion {
		return nil, errs.Corruptionf("Nexmark split %s: its description can't be read (version %d)", split.ID, p.Version)
	}
	r := &reader{
		source: s, split: p.Split, env: env, closed: make(chan struct{}),
		generator: newGenerator(&s.config, s.cache.get(&s.config), p.Split, s.layout),
	}
	if position == nil {
		return r, nil
	}
	if err := r.seek(position); err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "Nexmark split %s", split.ID)
	}
	return r, nil
}

// positionBytes is the length of a position: version, events emitted, counter of
// the random draws, wall clock of the first event in milliseconds.
const positionBytes = 1 + 8 + 8 + 8

func encodePosition(p place, wallBase int64) []byte {
	b := make([]byte, 0, positionBytes)
	b = append(b, splitVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.emitted))
	b = binary.BigEndian.AppendUint64(b, p.seed)
	return binary.BigEndian.AppendUint64(b, uint64(wallBase))
}

func decodePosition(b []byte) (p place, wallBase int64, err error) {
	if len(b) != positionBytes || b[0] != splitVersion {
		return place{}, 0, errs.Corruptionf("a position of %d bytes can't be read", len(b))
	}
	p.emitted = int64(binary.BigEndian.Uint64(b[1:]))
	p.seed = binary.BigEndian.Uint64(b[9:])
	return p, int64(binary.BigEndian.Uint64(b[17:])), nil
}
