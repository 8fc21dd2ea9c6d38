package httpapi

import (
	"errors"
	"io"
	"net/http"

	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/operators/stream"
)

// getResults streams a SELECT's rows as NDJSON, one object a row; for a result
// that may change each object is {"op":"+I","row":{…}}. The last line of a failed
// job is {"error":{…}}.
func (s *Server) getResults(w http.ResponseWriter, r *http.Request) {
	s.withJob(w, r, func(job *engine.Job) error {
		rows, err := s.takeRows(job.ID())
		if err != nil {
			return err
		}
		defer rows.Close()
		encoder, err := format.NewJSONRows(rows.Schema())
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.WriteHeader(http.StatusOK)
		out := ndjson{w: w, encoder: encoder, kinds: rows.Updating()}
		s.pump(r, rows, &out)
		return nil
	})
}

// pump copies rows to the client until they end or it goes away.
func (s *Server) pump(r *http.Request, rows *engine.Rows, out *ndjson) {
	for {
		batch, err := rows.Next(r.Context())
		if errors.Is(err, io.EOF) || r.Context().Err() != nil {
			return
		}
		if err != nil {
			out.fail(err)
			return
		}
		err = out.write(batch)
		batch.Release()
		if err != nil {
			return
		}
	}
}

// ndjson writes batches as lines of JSON.
type ndjson struct {
	w       http.ResponseWriter
	encoder *format.JSONRows
	kinds   bool
	lines   []byte
	wrapped []byte
}

// write writes a batch and sends it off.
func (n *ndjson) write(batch stream.Batch) error {
	lines, ends, err := n.encoder.Append(n.lines[:0], batch)
	n.lines = lines
	if err != nil {
		return err
	}
	if n.kinds {
		lines = n.withKinds(batch, lines, ends)
	}
	if _, err := n.w.Write(lines); err != nil {
		return err
	}
	return http.NewResponseController(n.w).Flush()
}

// withKinds wraps each line into an object that also tells the row's kind.
func (n *ndjson) withKinds(batch stream.Batch, lines []byte, ends []int) []byte {
	n.wrapped = n.wrapped[:0]
	start := 0
	for i, end := range ends {
		n.wrapped = append(n.wrapped, `{"op":"`...)
		n.wrapped = append(n.wrapped, batch.Kind(i).String()...)
		n.wrapped = append(n.wrapped, `","row":`...)
		n.wrapped = append(n.wrapped, lines[start:end-1]...)
		n.wrapped = append(n.wrapped, "}\n"...)
		start = end
	}
	return n.wrapped
}

// fail writes the error as the last line: the status has been sent already.
func (n *ndjson) fail(err error) {
	writeBody(n.w, errorBody{Error: describe(err, "")})
}
