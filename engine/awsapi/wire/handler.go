package wire

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Handler answers the calls of several services on one address, told apart by
// their targets.
type Handler struct {
	services map[string]*Service
	queries  []*Query
	verifier *Verifier
	region   string
	log      *slog.Logger
}

// NewHandler makes a handler; region is the one that unsigned calls are in.
func NewHandler(verifier *Verifier, region string, log *slog.Logger, services ...*Service) *Handler {
	h := &Handler{services: map[string]*Service{}, verifier: verifier, region: region, log: log}
	for _, s := range services {
		h.services[s.Target] = s
	}
	return h
}

// AddQuery serves a service of the query protocol too.
func (h *Handler) AddQuery(q *Query) { h.queries = append(h.queries, q) }

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin(w, r, h.verifier.servesOrigin(r))
	if r.Method == http.MethodOptions && r.Header.Get("Origin") != "" {
		preflight(w, r)
		return
	}
	codec, known := codecOf(r.Header.Get("Content-Type"))
	if !known && len(h.queries) > 0 && isForm(r) {
		h.serveForm(w, r)
		return
	}
	if r.Method != http.MethodPost || !known {
		unknownContent(w)
		return
	}
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			h.log.Error("call panicked", "target", r.Header.Get("X-Amz-Target"), "panic", p)
			if w.Header().Get("Content-Type") == contentEvents {
				panic(http.ErrAbortHandler) // an answer has begun: cut it off
			}
			h.fail(w, codec, &Error{Code: CodeInternalFailure, Message: "the server met a bug", Status: http.StatusInternalServerError})
		}
	}()
	if err := h.call(w, r, codec); err != nil {
		h.fail(w, codec, err)
	}
}

// call finds the action and runs it.
func (h *Handler) call(w http.ResponseWriter, r *http.Request, codec Codec) error {
	service, name, err := h.find(r)
	if err != nil {
		drain(w, r)
		return err
	}
	signature, err := h.verifier.admit(r, service.Name)
	if err != nil {
		drain(w, r)
		return err
	}
	sent, err := readBody(w, r, bodyBytesMax)
	if err != nil {
		return err
	}
	if err := h.verifier.match(r, signature, sent); err != nil {
		return err
	}
	body, err := decompress(r, sent)
	if err != nil {
		return err
	}
	if err := service.before(name); err != nil {
		return err
	}
	return service.actions[name](r.Context(), h.callOf(signature.credential, codec), body, w)
}

// find gives the service and the action that a call names.
func (h *Handler) find(r *http.Request) (*Service, string, error) {
	target, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	service := h.services[target]
	if service == nil || service.actions[name] == nil {
		return nil, "", Errorf(CodeUnknownOperation, "there is no operation %q here", r.Header.Get("X-Amz-Target"))
	}
	return service, name, nil
}

// callOf is what actions learn of a call.
func (h *Handler) callOf(c credential, codec Codec) Call {
	call := Call{Region: c.region, AccessKey: c.accessKey, Codec: codec}
	if call.Region == "" {
		call.Region = h.region
	}
	return call
}

const (
	headerRequestID = "x-amzn-RequestId"
	// id2Bytes is the length of the second request id before base64.
	id2Bytes = 72
)

// begin sets the headers that every answer has. A browser shows answers only to pages that
// are served, and asks before it calls.
func begin(w http.ResponseWriter, r *http.Request, served bool) {
	header := w.Header()
	header.Set(headerRequestID, uuid.NewString())
	id2 := make([]byte, id2Bytes)
	rand.Read(id2)
	header.Set("x-amz-id-2", base64.StdEncoding.EncodeToString(id2))
	if r.Header.Get("Origin") != "" && served {
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers",
			"x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date")
	}
}

// preflight answers a browser's question.
func preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for asked, allowed := range map[string]string{
		"Access-Control-Request-Headers": "Access-Control-Allow-Headers",
		"Access-Control-Request-Method":  "Access-Control-Allow-Methods",
	} {
		if value := r.Header.Get(asked); value != "" {
			header.Set(allowed, value)
		}
	}
	header.Set("Access-Control-Max-Age", "172800")
	w.WriteHeader(http.StatusOK)
}

// unknownContent is how the API answers what it can't even decode.
func unknownContent(w http.ResponseWriter) {
	w.Header().Set("Content-Type", contentXML)
	// The client has gone if this fails.
	_ = writeBody(w, http.StatusNotFound, []byte("<UnknownOperationException/>\n"))
}

// fail answers with an error.
func (h *Handler) fail(w http.ResponseWriter, codec Codec, err error) {
	e := errorOf(err)
	if e.Status >= http.StatusInternalServerError {
		h.log.Error("call failed", "error", err)
	}
	w.Header().Set("Content-Type", codec.ContentType)
	w.Header().Set("x-amzn-ErrorType", e.Code)
	body, err := codec.Marshal(errorBody{Type: e.Code, Message: e.Message, Upper: e.Message})
	if err != nil {
		h.log.Error("an error can't be encoded", "error", err)
	}
	_ = writeBody(w, e.Status, body)
}

const (
	// takeGrace is how long a client has to take an answer, and takeBytesPerSecond how
	// fast it has to take a long one: answers that nobody takes would fill the memory.
	takeGrace          = 30 * time.Second
	takeBytesPerSecond = 16 << 10
)

func writeBody(w http.ResponseWriter, status int, body []byte) error {
	// Where there are no deadlines the client's leaving ends the write.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(takeGrace + time.Duration(len(body)/takeBytesPerSecond)*time.Second))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_, _ = w.Write(body)
	return nil
}
