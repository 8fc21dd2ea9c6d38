package shardlog

import (
	"context"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

// source is the reading side of one table: a split per shard.
type source struct {
	*layout
	splice *format.Splice
}

var (
	_ connector.Changing     = (*source)(nil)
	_ connector.Rediscoverer = (*source)(nil)
	_ connector.Waiter       = (*source)(nil)
)

func newSource(l *layout) *source {
	return &source{layout: l, splice: format.NewSplice(l.table.Schema, l.table.Beside)}
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
func (s *source) Bounded() bool { return s.latest }

const splitVersion = 1

// split is what a split's payload and a position hold: a stretch of a shard. The
// shard's creation second tells it from one of the same name in a later stream.
type split struct {
	Version int     `msgpack:"v"`
	Shard   ShardID `msgpack:"s"`
	Created int64   `msgpack:"c"`
	// Next is the index of the first record to read, End the one to stop before;
	// 0 means to go on for ever.
	Next uint64 `msgpack:"n"`
	End  uint64 `msgpack:"e,omitempty"`
	// Sub counts the records within the one at Next that have been read.
	Sub int `msgpack:"u,omitempty"`
}

func (p split) encode() ([]byte, error) {
	b, err := msgpack.Marshal(p)
	return b, errs.Wrap(errs.Bug, err, "encoding a position in a stream")
}

// position is the encoding of a struct of plain members, which can't fail.
func (p split) position() []byte {
	b, err := p.encode()
	if err != nil {
		panic(err)
	}
	return b
}

func decodeSplit(b []byte) (p split, err error) {
	if err := msgpack.Unmarshal(b, &p); err != nil || p.Version != splitVersion {
		return p, errs.Corruptionf("a position in a stream can't be read (version %d)", p.Version)
	}
	return p, nil
}

// Discover implements connector.Source. Start and end of a split are resolved when
// it is found, so that a restart before the first checkpoint reads the same.
func (s *source) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	st, err := s.open()
	if err != nil {
		return nil, err
	}
	have := make(map[connector.SplitID]bool, len(known))
	for _, id := range known {
		have[id] = true
	}
	// Shards that came by resharding while the job ran are read whole.
	start := s.start
	if len(known) > 0 {
		start = startup{}
	}
	var out []connector.Split
	for _, m := range st.lineage() {
		id := connector.SplitID(shardID(m.Number))
		if have[id] {
			continue
		}
		payload, err := s.describe(st, ShardID(id), start)
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "table '%s'", s.table.Name)
		}
		split := connector.Split{ID: id, Payload: payload}
		for _, p := range m.Parents {
			split.Parents = append(split.Parents, connector.SplitID(shardID(p)))
		}
		out = append(out, split)
	}
	return out, nil
}

// discoverEvery is how often a job looks for shards that came by resharding. It
// also looks whenever a shard ends.
const discoverEvery = time.Second

// DiscoverEvery implements connector.Rediscoverer.
func (s *source) DiscoverEvery() time.Duration {
	if s.latest {
		return 0
	}
	return discoverEvery
}

// Waiting implements connector.Waiter.
func (s *source) Waiting(splits []connector.Split) connector.Lag {
	unknown := connector.Lag{Rows: -1, Millis: -1, Total: -1}
	st, err := s.open()
	if err != nil {
		return unknown
	}
	lag, table := connector.Lag{}, st.table.Load()
	for _, split := range splits {
		p, err := decodeSplit(split.Payload)
		if err != nil {
			return unknown
		}
		number, _ := shardNumber(p.Shard)
		sh := table.find(number)
		if sh == nil {
			continue // it has expired
		}
		v := sh.view.Load()
		if v == nil {
			return unknown
		}
		lag = lag.Add(p.lag(sh, v))
	}
	return lag
}

// lag is how much of a shard, of which v is the view, lies behind a split of which
// nothing has been read.
func (p split) lag(sh *shard, v *view) connector.Lag {
	lag, end := connector.Lag{Total: -1}, v.end
	if p.End > 0 {
		end, lag.Total = min(end, p.End), int64(p.End-p.Next)
	}
	if next := max(p.Next, v.horizon); end > next {
		lag.Rows, lag.Millis = int64(end-next), sh.age(v, next)
	}
	return lag
}

func (s *source) describe(st *Stream, id ShardID, start startup) ([]byte, error) {
	sh, err := st.shard(id)
	if err != nil {
		return nil, err
	}
	at := TrimHorizon()
	switch start.mode {
	case startLatest:
		at = Latest()
	case startTimestamp:
		at = AtTime(time.UnixMilli(start.millis))
	case startSequence:
		if seq, ok := start.sequences[id]; ok {
			at = AtSequence(seq)
		}
	}
	p := split{Version: splitVersion, Shard: id, Created: sh.created}
	if p.Next, err = sh.resolve(at); err != nil {
		return nil, err
	}
	if s.latest {
		p.End = max(p.Next, sh.view.Load().end)
	}
	return p.encode()
}

// Open implements connector.Source.
func (s *source) Open(
	_ context.Context, sp connector.Split, position []byte, env connector.ReaderEnv,
) (connector.Reader, error) {
	if position == nil {
		position = sp.Payload
	}
	p, err := decodeSplit(position)
	if err != nil {
		return nil, err
	}
	st, err := s.open()
	if err != nil {
		return nil, err
	}
	if gone, ok := st.expired(p.Shard); ok && gone.CreatedSecond == p.Created {
		return &expiredReader{source: s, env: env, split: p, end: gone.End}, nil
	}
	sh, err := st.shard(p.Shard)
	if err != nil {
		return nil, err
	}
	if sh.created != p.Created || p.Next > sh.view.Load().end {
		return nil, errs.Userf("table '%s': the stream %s is not the one that the job has read so far", s.table.Name, s.stream).
			WithHint("it was deleted and made anew: start the job anew, without its state")
	}
	decoder, err := s.records.NewDecoder(s.splice.Decoded, env)
	if err != nil {
		return nil, err
	}
	first, last := HashKey{}, maxHashKey()
	if !st.table.Load().meta.Spread {
		first, last = st.hashKeys(sh.number)
	}
	return &reader{
		source: s, env: env, split: p, start: p.Next, decoder: decoder, first: first, last: last,
		iterator: newIterator(sh, p.Next), extra: newExtras(s, env),
	}, nil
}
