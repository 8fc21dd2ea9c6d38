package postgres

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// connectionsMax bounds the connections of one task's lookups.
const connectionsMax = 8

// Lookups tells how the table is asked.
func (s *source) Lookups() connector.LookupTraits { return connector.PartialLookup(s.table.Options) }

// OpenLookup connects at the first question.
func (s *source) OpenLookup(_ context.Context, request connector.LookupRequest) (connector.Lookup, error) {
	l := &lookup{source: s, request: request, idle: make(chan *pgconn.PgConn, connectionsMax), room: make(chan struct{}, connectionsMax)}
	for i, k := range request.Keys {
		f := request.Schema[k]
		l.types = append(l.types, f.Type.Arrow())
		l.conditions = append(l.conditions, fmt.Sprintf("%s = ANY($%d)", quoted(f.Name), i+1))
	}
	return l, nil
}

// lookup asks for the rows of many keys in one query. With several key columns it asks
// for the rows whose columns are each among those wanted, and takes the ones that are
// so together.
type lookup struct {
	source     *source
	request    connector.LookupRequest
	types      []arrow.DataType
	conditions []string
	// idle holds connections, room has an entry for each in use.
	idle chan *pgconn.PgConn
	room chan struct{}
}

// Rows implements connector.Lookup.
func (l *lookup) Rows(ctx context.Context, keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	select {
	case l.room <- struct{}{}:
		defer func() { <-l.room }()
	case <-ctx.Done():
		return stream.Batch{}, nil, ctx.Err()
	}
	found, err := l.answer(ctx, keys, n)
	if err != nil {
		return stream.Batch{}, nil, err
	}
	defer found.Release()
	return l.match(found, keys, n)
}

// answer asks over an idle connection, or a new one. Connections that were idle may have
// been cut, all of them when the server was started anew: that is no failure yet.
func (l *lookup) answer(ctx context.Context, keys []arrow.Array, n int) (stream.Batch, error) {
	for {
		var conn *pgconn.PgConn
		waited := true
		select {
		case conn = <-l.idle:
		default:
			var err error
			if conn, err = pgconn.ConnectConfig(ctx, l.source.config); err != nil {
				return stream.Batch{}, l.source.failed(err)
			}
			waited = false
		}
		found, err := l.ask(ctx, conn, keys, n)
		cut := conn.IsClosed()
		if err == nil && !cut {
			l.idle <- conn
			return found, nil
		}
		_ = conn.Close(context.Background()) // it may hold half an answer
		if err == nil || !cut || !waited || ctx.Err() != nil {
			return found, err
		}
	}
}

// ask gives all rows that may be wanted.
func (l *lookup) ask(ctx context.Context, conn *pgconn.PgConn, keys []arrow.Array, n int) (stream.Batch, error) {
	params := make([][]byte, len(keys))
	for i, k := range l.request.Keys {
		params[i] = arrayOf(keys[i], l.request.Schema[k].Type, n)
	}
	builder := newRowBuilder(l.request.Alloc, l.request.Schema)
	defer builder.release()
	rows := conn.ExecParams(ctx, l.source.query(l.conditions...), params, nil, nil, nil)
	var bad error
	for rows.NextRow() {
		if bad == nil {
			bad = builder.add(rows.Values())
		}
	}
	if _, err := rows.Close(); err != nil {
		return stream.Batch{}, l.source.failed(err)
	}
	if bad != nil {
		return stream.Batch{}, errs.Wrap(errs.User, bad, "table '%s'", l.source.table.Name)
	}
	return builder.take(), nil
}

// match tells which key each row found is for.
func (l *lookup) match(found stream.Batch, keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	encoder, err := rowcodec.NewKeyEncoder(l.types)
	if err != nil {
		return stream.Batch{}, nil, err
	}
	var asked, answered rowcodec.Keys
	if err := encoder.Encode(keys, n, &asked); err != nil {
		return stream.Batch{}, nil, err
	}
	own := make([]arrow.Array, len(keys))
	for i, k := range l.request.Keys {
		own[i] = found.Column(k)
	}
	if err := encoder.Encode(own, found.Rows(), &answered); err != nil {
		return stream.Batch{}, nil, err
	}
	null := make([]bool, n)
	columns.MarkNulls(null, keys...)
	wanted := map[string][]int32{}
	for i := range n {
		if !null[i] {
			wanted[string(asked.At(i))] = append(wanted[string(asked.At(i))], int32(i))
		}
	}
	var rows, of []int32
	for row := range found.Rows() {
		for _, key := range wanted[string(answered.At(row))] {
			rows, of = append(rows, int32(row)), append(of, key)
		}
	}
	return columns.TakeRows(l.request.Alloc, found, rows), of, nil
}

// Close implements connector.Lookup.
func (l *lookup) Close() error {
	close(l.idle)
	for conn := range l.idle {
		_ = conn.Close(context.Background()) // nothing is under way on it
	}
	return nil
}
