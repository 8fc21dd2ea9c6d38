package awsapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
)

// TestSignedAndCompressed signs bodies as the SDK does, over what is sent: gzip is taken
// with and without credentials, and what it unfolds to is bounded.
func TestSignedAndCompressed(t *testing.T) {
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	list, bomb := zipped(t, "{}"), zipped(t, `{"NextToken":"`+strings.Repeat("x", 25<<20)+`"}`)
	for name, secrets := range map[string]map[string]string{"signed": {"AKID": "secret"}, "open": nil} {
		server := httptest.NewServer(awsapi.New(store, awsapi.Options{Secrets: secrets}))
		defer server.Close()
		for _, c := range []struct {
			name, encoding string
			signed, sent   []byte
			status         int
			code           string
		}{
			{"plain", "", []byte("{}"), []byte("{}"), 200, ""},
			{"gzip", "gzip", list, list, 200, ""},
			{"not gzip", "gzip", []byte("{}"), []byte("{}"), 400, "SerializationException"},
			{"cut off", "gzip", list[:len(list)-4], list[:len(list)-4], 400, "SerializationException"},
			{"bomb", "gzip", bomb, bomb, 413, "RequestEntityTooLargeException"},
			{"unknown encoding", "br", []byte("{}"), []byte("{}"), 400, "SerializationException"},
			{"signed before it was compressed", "gzip", []byte("{}"), list, 400, "InvalidSignatureException"},
		} {
			if name == "open" && c.code == "InvalidSignatureException" {
				c.status, c.code = 200, ""
			}
			answer := sendSigned(t, server.URL, c.encoding, c.signed, c.sent)
			if got := answer.Header.Get("x-amzn-ErrorType"); answer.StatusCode != c.status || got != c.code {
				t.Errorf("%s, %s: %s %s", name, c.name, answer.Status, got)
			}
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sendSigned sends one body under the signature of another.
func sendSigned(t *testing.T, url, encoding string, signed, sent []byte) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	hash := sha256.Sum256(signed)
	err = v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, r, hex.EncodeToString(hash[:]), "kinesis", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return answer
}
