package postgres

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// source is the reading side of one table.
type source struct {
	*layout
	columns types.Schema
	// where are the filters as SQL; limit is 0 for all rows.
	where []string
	limit int64
}

var _ connector.LookupSource = (*source)(nil)

// Apply takes every projection, the limit, and the filters it has SQL for.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	if p.Columns != nil {
		s.columns = p.Columns
	}
	applied := connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}
	all := true
	s.where = nil
	for i, f := range p.Filters {
		condition, ok := conditionOf(f, s.columns)
		if applied.Filters[i] = ok; ok {
			s.where = append(s.where, condition)
		}
		all = all && ok
	}
	if s.limit = 0; all {
		s.limit = p.Limit
	}
	return applied, nil
}

// Bounded implements connector.Source: the table is read once.
func (s *source) Bounded() bool { return true }

// Discover gives the one split.
func (s *source) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	if len(known) > 0 {
		return nil, nil
	}
	return []connector.Split{{ID: "table"}}, nil
}

// query is the text that reads rows on which more holds, too.
func (s *source) query(more ...string) string {
	text := "SELECT " + columnList(s.columns) + " FROM " + s.name
	if where := append(s.where[:len(s.where):len(s.where)], more...); len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text
}

// Open reads the table from the row after the last one given: in the order of the
// primary key, or as the table lies.
func (s *source) Open(ctx context.Context, _ connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	r := &reader{source: s, batchRows: max(1, env.BatchRows), builder: newRowBuilder(env.Alloc, s.columns)}
	if len(position) == 8 {
		r.given = int64(binary.BigEndian.Uint64(position))
	}
	if err := r.open(ctx); err != nil {
		r.builder.release()
		return nil, s.failed(err)
	}
	return r, nil
}

// reader reads the rows of one query as they come.
type reader struct {
	source    *source
	batchRows int
	builder   *rowBuilder
	conn      *pgconn.PgConn
	rows      *pgconn.ResultReader
	// given counts the rows read since the table's start.
	given int64
	// stop ends what a blocked Next waits for; mu is held by Next and by Close after it.
	stop context.CancelFunc
	mu   sync.Mutex
}

func (r *reader) open(ctx context.Context) error {
	var err error
	if r.conn, err = pgconn.ConnectConfig(ctx, r.source.config); err != nil {
		return err
	}
	text := r.source.query()
	if key := r.source.table.PrimaryKey; len(key) > 0 {
		names := make([]string, len(key))
		for i, k := range key {
			names[i] = quoted(k)
		}
		text += " ORDER BY " + strings.Join(names, ", ")
	}
	if limit := r.source.limit; limit > 0 {
		text += " LIMIT " + strconv.FormatInt(max(0, limit-r.given), 10)
	}
	if r.given > 0 {
		text += " OFFSET " + strconv.FormatInt(r.given, 10)
	}
	life, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.rows = r.conn.ExecParams(life, text, nil, nil, nil, nil)
	return nil
}

// Next implements connector.Reader.
func (r *reader) Next(ctx context.Context, _ <-chan struct{}) (stream.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.builder.rows < r.batchRows {
		if ctx.Err() != nil {
			break
		}
		if !r.rows.NextRow() {
			_, err := r.rows.Close()
			batch := r.builder.take()
			r.given += int64(batch.Rows())
			if err != nil {
				return batch, r.source.failed(err)
			}
			return batch, connector.ErrEndOfSplit
		}
		if err := r.builder.add(r.rows.Values()); err != nil {
			return stream.Batch{}, errs.Wrap(errs.User, err, "table '%s'", r.source.table.Name)
		}
	}
	batch := r.builder.take()
	r.given += int64(batch.Rows())
	return batch, nil
}

// Position implements connector.Reader.
func (r *reader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.given)) }

// Lag implements connector.Reader.
func (r *reader) Lag() connector.Lag {
	return connector.Lag{Rows: -1, Millis: -1, Done: r.given, Total: -1}
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.builder.release()
	_ = r.conn.Close(context.Background()) // the read is over, whatever the server says
	return nil
}
