package wire

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"time"
)

// contentEvents is the content type of an event stream.
const contentEvents = "application/vnd.amazon.eventstream"

const (
	// preludeBytes: total length, length of the headers, CRC32 of the two.
	preludeBytes = 12
	crcBytes     = 4
	headerString = 7
)

// header is a string header of a frame.
type header struct{ name, value string }

// appendFrame appends a frame: prelude, headers, payload and CRC32 of all before,
// numbers in big-endian order.
func appendFrame(dst []byte, headers []header, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeBytes)...)
	for _, h := range headers {
		dst = append(dst, byte(len(h.name)))
		dst = append(dst, h.name...)
		dst = append(dst, headerString)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(h.value)))
		dst = append(dst, h.value...)
	}
	headerBytes := len(dst) - start - preludeBytes
	dst = append(dst, payload...)
	frame := dst[start:]
	binary.BigEndian.PutUint32(frame, uint32(len(frame)+crcBytes))
	binary.BigEndian.PutUint32(frame[4:], uint32(headerBytes))
	binary.BigEndian.PutUint32(frame[8:], crc32.ChecksumIEEE(frame[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(frame))
}

// EventStream writes events to a client. One goroutine uses it.
type EventStream struct {
	codec  Codec
	w      http.ResponseWriter
	flush  *http.ResponseController
	buffer []byte
}

// newEventStream answers with a stream. Its first frame is the initial response,
// without which Go's SDK waits for ever and others fail.
// Where the client has gone, so it is for what is sent next.
func newEventStream(codec Codec, w http.ResponseWriter) *EventStream {
	w.Header().Set("Content-Type", contentEvents)
	w.WriteHeader(http.StatusOK)
	s := &EventStream{codec: codec, w: w, flush: http.NewResponseController(w)}
	_ = s.Send("initial-response", struct{}{})
	return s
}

// sendGrace is how long a client has to take what is under way when its call ends.
const sendGrace = 5 * time.Second

// Until makes sends fail soon after ctx is done, so that a client that takes nothing
// can't hold its call for ever. stop undoes it and must be called: what w is written to
// belongs to the next call as soon as this one is over.
func (s *EventStream) Until(ctx context.Context) (stop func()) {
	set := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(set)
		// Where there are no deadlines the client's leaving ends the send.
		_ = s.flush.SetWriteDeadline(time.Now().Add(sendGrace))
	})
	return func() {
		if !cancel() {
			<-set
		}
	}
}

// Send writes an event and flushes it.
func (s *EventStream) Send(eventType string, payload any) error {
	return s.send([]header{{":message-type", "event"}, {":event-type", eventType}, {":content-type", s.codec.ContentType}}, payload)
}

// Fail writes an error as the stream's last frame, which SDKs raise as a typed
// exception.
func (s *EventStream) Fail(err error) error {
	e := errorOf(err)
	return s.send([]header{{":message-type", "exception"}, {":exception-type", e.Code}, {":content-type", s.codec.ContentType}},
		map[string]string{"message": e.Message})
}

func (s *EventStream) send(headers []header, payload any) error {
	body, err := s.codec.Marshal(payload)
	if err != nil {
		return err
	}
	s.buffer = appendFrame(s.buffer[:0], headers, body)
	if _, err := s.w.Write(s.buffer); err != nil {
		return err
	}
	return s.flush.Flush()
}
