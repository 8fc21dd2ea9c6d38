package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
)

const (
	// bodyBytesMax bounds a request, as it is sent and as it is read: ten MiB of data,
	// in base64 and with its keys.
	bodyBytesMax = 24 << 20
	// bodyBytesTrusted is how much memory a request gets on its word for its length.
	bodyBytesTrusted = 1 << 20
)

const (
	codeTooLarge = "RequestEntityTooLargeException"
	codeTimeout  = "RequestTimeoutException" // which SDKs retry
)

// drain passes over the body of a call that is refused: a client that is still sending it
// would not see the answer.
func drain(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, bodyBytesMax))
}

// readBody reads a request's body as it was sent, which is what is signed.
func readBody(w http.ResponseWriter, r *http.Request, bytesMax int64) ([]byte, error) {
	var whole bytes.Buffer
	if r.ContentLength > 0 {
		whole.Grow(int(min(r.ContentLength, bodyBytesTrusted)) + bytes.MinRead)
	}
	_, err := whole.ReadFrom(http.MaxBytesReader(w, r.Body, bytesMax))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(bytesMax)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &Error{Code: codeTimeout, Message: "the rest of the request did not come", Status: http.StatusRequestTimeout}
	case err != nil:
		return nil, Errorf(CodeSerialization, "the body can't be read: %v", err)
	}
	return whole.Bytes(), nil
}

// decompress gives a body as it was before its Content-Encoding.
func decompress(r *http.Request, body []byte) ([]byte, error) {
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		return gunzip(body)
	default:
		return nil, Errorf(CodeSerialization, "the body's encoding %q is not known here: send gzip or none", encoding)
	}
}

func gunzip(body []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, Errorf(CodeSerialization, "the body is not in gzip: %v", err)
	}
	var whole bytes.Buffer
	n, err := whole.ReadFrom(io.LimitReader(unzipped, bodyBytesMax+1))
	switch {
	case err != nil:
		return nil, Errorf(CodeSerialization, "the body can't be decompressed: %v", err)
	case n > bodyBytesMax:
		return nil, tooLarge(bodyBytesMax)
	}
	return whole.Bytes(), nil
}

func tooLarge(bytesMax int64) error {
	e := Errorf(codeTooLarge, "the request has more than %d bytes", bytesMax)
	e.Status = http.StatusRequestEntityTooLarge
	return e
}
