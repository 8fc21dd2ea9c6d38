package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// recordsBytesMax is the longest body of one append.
const recordsBytesMax = 32 << 20

// recordsResponse tells where each record lies, in the order of the request.
type recordsResponse struct {
	Records []engine.RecordPosition `json:"records"`
}

// postRecords appends NDJSON lines to a stream, all of them or none, and answers
// when they are durable. The partition key of a record is its top-level field
// named by the query parameter key; without one, records are spread evenly.
func (s *Server) postRecords(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, recordsBytesMax))
	if err != nil {
		s.fail(w, bodyError(err))
		return
	}
	records, err := parseRecords(body, r.URL.Query().Get("key"))
	if err != nil {
		s.fail(w, err)
		return
	}
	positions, err := s.engine.AppendRecords(r.Context(), r.PathValue("name"), records)
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, recordsResponse{Records: positions})
}

func bodyError(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return errs.Userf("the body is longer than %d bytes", tooLong.Limit).WithHint("send it in several requests")
	}
	return errs.Wrap(errs.User, err, "reading the body")
}

// parseRecords cuts a body into lines, skipping empty ones, and checks each. The
// records share the body's memory.
func parseRecords(body []byte, keyField string) ([]engine.StreamRecord, error) {
	var records []engine.StreamRecord
	for number := 1; len(body) > 0; number++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if len(line) > recordBytesMax {
			return nil, errs.Userf("line %d is %d bytes long; a record has at most %d", number, len(line), recordBytesMax)
		}
		key, err := recordKey(line, keyField)
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "line %d", number)
		}
		records = append(records, engine.StreamRecord{PartitionKey: key, Data: line})
	}
	if len(records) == 0 {
		return nil, errs.Userf("the body holds no records").WithHint("send one JSON object a line")
	}
	return records, nil
}

// recordKey checks that line is a JSON object and takes its partition key.
func recordKey(line []byte, field string) (string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return "", errs.Userf("not a JSON object: %v", err)
	}
	if object == nil {
		return "", errs.Userf("not a JSON object: null")
	}
	if field == "" {
		return "", nil
	}
	raw, ok := object[field]
	if !ok {
		return "", errs.Userf("has no field %q to take the partition key from", field)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		return text, nil
	}
	return string(raw), nil
}
