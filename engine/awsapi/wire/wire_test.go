package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

type echoInput struct {
	Name  *string           `json:"Name" aws:"required;len=1..4;pattern=[a-z]+"`
	Count *int64            `json:"Count,omitempty" aws:"value=1..10"`
	Kind  *string           `json:"Kind,omitempty" aws:"enum=A|B"`
	Data  []byte            `json:"Data,omitempty"`
	At    *Timestamp        `json:"At,omitempty"`
	Tags  map[string]string `json:"Tags,omitempty"`
}

// newTestHandler serves one action, which gives back its input.
func newTestHandler(v *Verifier) *Handler {
	s := NewService("Echo_1", "echo")
	Handle(s, "Echo", func(_ context.Context, _ Call, in *echoInput) (*echoInput, error) { return in, nil })
	return NewHandler(v, "us-east-1", slog.New(slog.DiscardHandler), s)
}

func post(h http.Handler, target, contentType, authorization string, body []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, newCall(target, contentType, authorization, body))
	return w
}

func newCall(target, contentType, authorization string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", bytes.NewReader(body))
	r.RemoteAddr = "127.0.0.1:9"
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", contentType)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

const anyAuthorization = "AWS4-HMAC-SHA256 Credential=A/20261128/eu-west-1/echo/aws4_request, SignedHeaders=host, Signature=00"

// TestTrap03TimestampsAreMillisecondsInCBORAndSecondsInJSON also has CBOR's maps
// and strings of indefinite length, as Java writes them, and raw byte strings.
func TestTrap03TimestampsAreMillisecondsInCBORAndSecondsInJSON(t *testing.T) {
	h := newTestHandler(&Verifier{})
	w := post(h, "Echo_1.Echo", contentJSON, anyAuthorization, []byte(`{"Name":"a","At":1700000000.25,"Data":"aGk=","Unknown":{}}`))
	if got, want := w.Body.String(), `{"Name":"a","Data":"aGk=","At":1700000000.250}`; got != want {
		t.Errorf("JSON: got %s, want %s", got, want)
	}
	at, err := cbor.Marshal(cbor.Tag{Number: 1, Content: int64(1_700_000_000_250)})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte{0xbf, 0x7f, 0x62, 'N', 'a', 0x62, 'm', 'e', 0xff, 0x61, 'a', 0x62, 'A', 't'}
	body = append(body, at...)
	body = append(body, 0x64, 'D', 'a', 't', 'a', 0x42, 'h', 'i', 0xff)
	w = post(h, "Echo_1.Echo", contentCBOR, anyAuthorization, body)
	var out struct {
		At   cbor.Tag
		Data []byte
	}
	if err := cbor.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%v: % x", err, w.Body.Bytes())
	}
	if out.At.Number != 1 || out.At.Content != uint64(1_700_000_000_250) || string(out.Data) != "hi" {
		t.Errorf("CBOR: %+v", out)
	}
	if got := w.Header().Get("Content-Type"); got != contentCBOR {
		t.Errorf("the answer has content type %s", got)
	}
}

// TestRefusals has what is refused before an action runs, with code and text.
func TestRefusals(t *testing.T) {
	open, closed := newTestHandler(&Verifier{}), newTestHandler(&Verifier{Secrets: map[string]string{"A": "s"}})
	for _, c := range []struct {
		name                string
		h                   *Handler
		target, auth, body  string
		code, textOfMessage string
	}{
		{"no operation", open, "Echo_1.Other", anyAuthorization, `{}`, CodeUnknownOperation, "Echo_1.Other"},
		{"wrong type", open, "Echo_1.Echo", anyAuthorization, `{"Name":3}`, CodeSerialization, "Name"},
		{"no JSON", open, "Echo_1.Echo", anyAuthorization, `{`, CodeSerialization, ""},
		{"missing", open, "Echo_1.Echo", anyAuthorization, `{}`, CodeValidation,
			"1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"several", open, "Echo_1.Echo", anyAuthorization, `{"Name":"toolong","Count":11,"Kind":"C"}`, CodeValidation,
			"3 validation errors detected: Value 'toolong' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4; " +
				"Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10; " +
				"Value 'C' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]"},
		{"unsigned", open, "Echo_1.Echo", "", `{"Name":"a"}`, codeMissingToken, ""},
		{"half signed", open, "Echo_1.Echo", "AWS4-HMAC-SHA256 Credential=A", `{"Name":"a"}`, codeIncompleteSignature, ""},
		{"wrong signature", closed, "Echo_1.Echo", anyAuthorization, `{"Name":"a"}`, codeIncompleteSignature, "time"},
		{"unknown key", closed, "Echo_1.Echo", strings.Replace(anyAuthorization, "=A/", "=B/", 1), `{"Name":"a"}`, codeUnrecognizedClient, "B"},
		{"other service", closed, "Echo_1.Echo", strings.Replace(anyAuthorization, "/echo/", "/s3/", 1), `{"Name":"a"}`, codeInvalidSignature, "s3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(c.h, c.target, contentJSON, c.auth, []byte(c.body))
			var e errorBody
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if w.Code != http.StatusBadRequest || e.Type != c.code || w.Header().Get("x-amzn-ErrorType") != c.code || !strings.Contains(e.Message, c.textOfMessage) {
				t.Errorf("%d %+v, want %s with %q", w.Code, e, c.code, c.textOfMessage)
			}
		})
	}
}

func TestWithoutCredentialsOnlyThisMachineIsServed(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(`{"Name":"a"}`))
	r.RemoteAddr = "192.0.2.7:9"
	r.Header.Set("X-Amz-Target", "Echo_1.Echo")
	r.Header.Set("Content-Type", contentJSON)
	r.Header.Set("Authorization", anyAuthorization)
	w := httptest.NewRecorder()
	newTestHandler(&Verifier{}).ServeHTTP(w, r)
	if got := w.Header().Get("x-amzn-ErrorType"); got != codeAccessDenied {
		t.Errorf("a caller from elsewhere got %q: %s", got, w.Body)
	}
}

// TestSignatureOfTheDocumentation has the vector of AWS's documentation for
// Signature Version 4: IAM's ListUsers on 2015-08-30.
func TestSignatureOfTheDocumentation(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
		"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	v := &Verifier{Secrets: map[string]string{"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, Now: func() time.Time { return at }}
	if _, err := v.verify(r, "iam", nil); err != nil {
		t.Error(err)
	}
	if _, err := v.verify(r, "iam", []byte("x")); err == nil {
		t.Error("another body has the same signature")
	}
	v.Now = func() time.Time { return at.Add(clockSkewMax + time.Second) }
	if _, err := v.verify(r, "iam", nil); err == nil {
		t.Error("an old signature is taken")
	}
}

// TestTrap02InitialResponseComesFirst also checks the frame's layout.
func TestTrap02InitialResponseComesFirst(t *testing.T) {
	s := NewService("Echo_1", "echo")
	HandleStream(s, "Watch", func(context.Context, Call, *echoInput) (func(*EventStream) error, error) {
		return func(e *EventStream) error {
			if err := e.Send("Tick", map[string]int{"n": 1}); err != nil {
				return err
			}
			return Errorf("ResourceInUseException", "taken over")
		}, nil
	})
	h := NewHandler(&Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), s)
	w := post(h, "Echo_1.Watch", contentJSON, anyAuthorization, []byte(`{"Name":"a"}`))
	body, want := w.Body.Bytes(), []string{"initial-response", `{"n":1}`, `{"message":"taken over"}`}
	for _, part := range want {
		total, headers := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
		frame := body[:total]
		if crc32.ChecksumIEEE(frame[:8]) != binary.BigEndian.Uint32(frame[8:]) || crc32.ChecksumIEEE(frame[:total-4]) != binary.BigEndian.Uint32(frame[total-4:]) {
			t.Errorf("a checksum is wrong in % x", frame)
		}
		if int(headers)+preludeBytes > int(total) || !bytes.Contains(frame, []byte(part)) {
			t.Errorf("frame %q has no %q", frame, part)
		}
		body = body[total:]
	}
	if len(body) != 0 {
		t.Errorf("%d bytes follow the last frame", len(body))
	}
}

// TestACallEndsWhoseClientTakesNothing sends to a client that doesn't read, past what
// the connection holds.
func TestACallEndsWhoseClientTakesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a client is waited for")
	}
	s := NewService("Echo_1", "echo")
	ended := make(chan error, 1)
	HandleStream(s, "Watch", func(ctx context.Context, _ Call, _ *echoInput) (func(*EventStream) error, error) {
		return func(e *EventStream) error {
			life, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			defer e.Until(life)()
			for {
				if err := e.Send("Tick", strings.Repeat("x", 1<<20)); err != nil {
					ended <- err
					return nil
				}
			}
		}, nil
	})
	server := httptest.NewServer(NewHandler(&Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), s))
	defer server.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(`{"Name":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "Echo_1.Watch")
	r.Header.Set("Content-Type", contentJSON)
	r.Header.Set("Authorization", anyAuthorization)
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	select {
	case <-ended:
	case <-time.After(4 * sendGrace):
		t.Error("the call goes on")
	}
}

// TestACallWhoseClientHasGoneGivesFreeWhatItTook fails to send even the first frame.
func TestACallWhoseClientHasGoneGivesFreeWhatItTook(t *testing.T) {
	s, freed := NewService("Echo_1", "echo"), false
	HandleStream(s, "Watch", func(context.Context, Call, *echoInput) (func(*EventStream) error, error) {
		return func(e *EventStream) error {
			freed = true
			return e.Send("Tick", struct{}{})
		}, nil
	})
	h := NewHandler(&Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), s)
	r := newCall("Echo_1.Watch", contentJSON, anyAuthorization, []byte(`{"Name":"a"}`))
	h.ServeHTTP(gone{httptest.NewRecorder()}, r)
	if !freed {
		t.Error("what the call took is kept")
	}
}

// gone is a client that has left.
type gone struct{ *httptest.ResponseRecorder }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestAPanicCutsAStreamOff panics when an answer has begun: what follows must not look
// like a part of it.
func TestAPanicCutsAStreamOff(t *testing.T) {
	s := NewService("Echo_1", "echo")
	HandleStream(s, "Watch", func(context.Context, Call, *echoInput) (func(*EventStream) error, error) {
		return func(*EventStream) error { panic("a bug") }, nil
	})
	server := httptest.NewServer(NewHandler(&Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), s))
	defer server.Close()
	r := newCall("Echo_1.Watch", contentJSON, anyAuthorization, []byte(`{"Name":"a"}`))
	out, err := http.NewRequest(r.Method, server.URL, r.Body)
	if err != nil {
		t.Fatal(err)
	}
	out.Header = r.Header
	answer, err := server.Client().Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil || bytes.Contains(body, []byte("InternalFailure")) {
		t.Errorf("%q, then %v", body, err)
	}
}

// TestTimesThatAreNone are refused in both encodings.
func TestTimesThatAreNone(t *testing.T) {
	h := newTestHandler(&Verifier{})
	for _, at := range []any{math.NaN(), math.Inf(1), 1e300, "2020-01-01T00:00:00Z"} {
		body, err := cbor.Marshal(map[string]any{"Name": "a", "At": cbor.Tag{Number: 1, Content: at}})
		if err != nil {
			t.Fatal(err)
		}
		if w := post(h, "Echo_1.Echo", contentCBOR, anyAuthorization, body); w.Header().Get("x-amzn-ErrorType") != CodeSerialization {
			t.Errorf("CBOR %v: %d", at, w.Code)
		}
	}
	for _, at := range []string{"1e300", "-1e12", `"2020-01-01T00:00:00Z"`, "true", "{}"} {
		if w := post(h, "Echo_1.Echo", contentJSON, anyAuthorization, []byte(`{"Name":"a","At":`+at+`}`)); w.Header().Get("x-amzn-ErrorType") != CodeSerialization {
			t.Errorf("JSON %s: %d %s", at, w.Code, w.Body)
		}
	}
}

// TestWithoutCredentialsOnlyPagesOfThisMachineAreServed calls as a browser does for pages:
// those of the web must not read and delete what is here.
func TestWithoutCredentialsOnlyPagesOfThisMachineAreServed(t *testing.T) {
	open, closed := newTestHandler(&Verifier{}), newTestHandler(&Verifier{Secrets: map[string]string{"A": "s"}})
	for _, c := range []struct {
		origin string
		h      *Handler
		served bool
	}{
		{"http://localhost:3000", open, true}, {"http://127.0.0.1:8081", open, true}, {"http://[::1]:1", open, true}, {"http://console.localhost", open, true},
		{"https://example.com", open, false}, {"http://localhost.example.com", open, false}, {"null", open, false}, {"%zz://", open, false},
		{"https://example.com", closed, true}, // its calls have to be signed
	} {
		r := newCall("Echo_1.Echo", contentJSON, anyAuthorization, []byte(`{"Name":"a"}`))
		r.Header.Set("Origin", c.origin)
		asked := r.Clone(r.Context())
		asked.Method = http.MethodOptions
		asked.Header.Set("Access-Control-Request-Headers", "x-amz-target")
		answer, allowed := httptest.NewRecorder(), httptest.NewRecorder()
		c.h.ServeHTTP(answer, r)
		c.h.ServeHTTP(allowed, asked)
		if got := allowed.Header().Get("Access-Control-Allow-Origin") == "*"; got != c.served {
			t.Errorf("%s may call: %v", c.origin, got)
		}
		if got := answer.Header().Get("x-amzn-ErrorType") != codeAccessDenied; got != c.served {
			t.Errorf("%s: %d %s", c.origin, answer.Code, answer.Body)
		}
	}
}

// TestStrangersTakeNoMemory sends twenty MiB under keys that are not known, and to no
// operation: they are read, so that the answer arrives, but not kept.
func TestStrangersTakeNoMemory(t *testing.T) {
	server := httptest.NewServer(newTestHandler(&Verifier{Secrets: map[string]string{"other": "s"}}))
	defer server.Close()
	body := make([]byte, 20<<20)
	for target, code := range map[string]string{"Echo_1.Echo": codeUnrecognizedClient, "Echo_1.Other": CodeUnknownOperation} {
		r := newCall(target, contentJSON, anyAuthorization, nil)
		out, err := http.NewRequest(r.Method, server.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		out.Header = r.Header
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		answer, err := server.Client().Do(out)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; answer.Header.Get("x-amzn-ErrorType") != code || took > 4<<20 {
			t.Errorf("%s: %s after %d bytes were taken", target, answer.Header.Get("x-amzn-ErrorType"), took)
		}
	}
}
