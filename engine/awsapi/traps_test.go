package awsapi_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/engine/awsapi/kinesis"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// The traps of the Data Streams API that have no test beside what they concern: each
// is something that a client breaks on.

// trap is a served store with a stream s of one shard.
type trap struct {
	*testing.T
	store *shardlog.Store
	url   string
	http  *http.Client
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateStream("s", 1, shardlog.MinRetention); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(awsapi.New(store, awsapi.Options{}))
	awsapi.Configure(server.Config)
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		store.Close()
	})
	return &trap{t, store, server.URL, server.Client()}
}

// call posts a body by a client, and gives the answer and its body.
func (w *trap) call(client *http.Client, action, body string) (*http.Response, string) {
	w.Helper()
	answer, err := w.begin(client, action, body)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer, string(text)
}

// begin is call without the answer's body.
func (w *trap) begin(client *http.Client, action, body string) (*http.Response, error) {
	w.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00")
	return client.Do(r)
}

// TestTrap01HTTP1AndPlaintextHTTP2ShareAPort calls the same port in both ways:
// JavaScript's SDK and KCL speak HTTP/2 by prior knowledge.
func TestTrap01HTTP1AndPlaintextHTTP2ShareAPort(t *testing.T) {
	w := newTrap(t)
	prior := &http.Transport{Protocols: new(http.Protocols)}
	prior.Protocols.SetUnencryptedHTTP2(true)
	defer prior.CloseIdleConnections()
	for major, client := range map[int]*http.Client{1: w.http, 2: {Transport: prior}} {
		if answer, text := w.call(client, "ListStreams", "{}"); answer.ProtoMajor != major || answer.StatusCode != http.StatusOK {
			t.Errorf("HTTP/%d: %s %s: %s", major, answer.Proto, answer.Status, text)
		}
	}
}

// TestTrap04AbsentMembersAreNotNull reads the shard of an open stream, and records
// that are not encrypted.
func TestTrap04AbsentMembersAreNotNull(t *testing.T) {
	w := newTrap(t)
	for _, action := range []string{"ListShards", "DescribeStream", "DescribeStreamSummary", "ListTagsForStream"} {
		_, text := w.call(w.http, action, `{"StreamName":"s"}`)
		for _, not := range []string{"null", "EndingSequenceNumber", "ParentShardId", "KeyId", "NextToken"} {
			if strings.Contains(text, not) {
				t.Errorf("%s has %s: %s", action, not, text)
			}
		}
	}
}

// TestTrap05JSONIsCompact is for Fluent Bit, which searches the text.
func TestTrap05JSONIsCompact(t *testing.T) {
	w := newTrap(t)
	_, text := w.call(w.http, "PutRecords", `{"StreamName":"s","Records":[{"Data":"eA==","PartitionKey":"k"}]}`)
	if !strings.Contains(text, `"FailedRecordCount":0`) || strings.Contains(text, `": `) {
		t.Error(text)
	}
}

// TestTrap06TLSOffersBothProtocols negotiates each by ALPN: KPL and Fluent Bit can't
// speak plaintext.
func TestTrap06TLSOffersBothProtocols(t *testing.T) {
	w := newTrap(t)
	// A server of the test kit lends its certificate.
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	roots := lender.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	server := &http.Server{Handler: awsapi.New(w.store, awsapi.Options{}), TLSConfig: &tls.Config{Certificates: lender.TLS.Certificates}}
	awsapi.Configure(server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listener, "", "") }()
	defer func() {
		server.Close()
		<-served
	}()
	for _, offered := range []string{"h2", "http/1.1"} {
		c, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: []string{offered}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().NegotiatedProtocol; got != offered {
			t.Errorf("offered %s, agreed on %q", offered, got)
		}
		c.Close()
	}
	w.url = "https://" + listener.Addr().String()
	client := lender.Client()
	defer client.CloseIdleConnections()
	if answer, text := w.call(client, "ListStreams", "{}"); answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", answer.Status, text)
	}
}

// TestTrap11ContinuationAdvancesOnEmptyEvents subscribes to a shard that gets nothing:
// a client that subscribes again from the last event must not go back.
func TestTrap11ContinuationAdvancesOnEmptyEvents(t *testing.T) {
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.CreateStream("s", 1, shardlog.MinRetention); err != nil {
		t.Fatal(err)
	}
	// The clock goes a second on whenever it is read, so that events differ.
	second := time.Now()
	service := kinesis.New(store, kinesis.Options{Heartbeat: time.Millisecond, Now: func() time.Time { second = second.Add(time.Second); return second }})
	server := httptest.NewServer(wire.NewHandler(&wire.Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), service.Wire()))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("A", "b", ""),
		HTTPClient: &http.Client{Transport: plainBodies{transport}}})
	c, err := client.RegisterStreamConsumer(t.Context(), &sdk.RegisterStreamConsumerInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s"), ConsumerName: aws.String("c")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, err := client.SubscribeToShard(ctx, &sdk.SubscribeToShardInput{ConsumerARN: c.Consumer.ConsumerARN, ShardId: aws.String("shardId-000000000000"),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.GetStream().Close()
	var numbers []string
	for event := range out.GetStream().Events() {
		e := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		if e.Records == nil || len(e.Records) > 0 {
			t.Fatalf("records %v, want an empty list", e.Records)
		}
		if numbers = append(numbers, *e.ContinuationSequenceNumber); len(numbers) == 5 {
			break
		}
	}
	if len(numbers) != 5 || !slices.IsSorted(numbers) || len(slices.Compact(numbers)) != 5 {
		t.Errorf("continuations %v", numbers)
	}
}

// plainBodies is why connectors/kinesis has one: the SDK's request bodies.
type plainBodies struct{ http.RoundTripper }

func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

// TestTrap12RequestsOfTenMiB takes what AWS takes since 2025, and no more; records stay
// at one MiB unless the stream says otherwise.
func TestTrap12RequestsOfTenMiB(t *testing.T) {
	w := newTrap(t)
	put := func(records, bytesEach int) (int, string) {
		type entry struct {
			Data         []byte
			PartitionKey string
		}
		in := struct {
			StreamName string
			Records    []entry
		}{StreamName: "s"}
		for range records {
			in.Records = append(in.Records, entry{bytes.Repeat([]byte{1}, bytesEach), "k"})
		}
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		answer, text := w.call(w.http, "PutRecords", string(body))
		return answer.StatusCode, text[:min(200, len(text))]
	}
	const mib = 1 << 20
	for _, c := range []struct {
		records, bytes, status int
	}{{10, mib - 1, 200}, {11, mib - 1, 400}, {1, mib, 400}} {
		if status, text := put(c.records, c.bytes); status != c.status {
			t.Errorf("%d records of %d bytes: %d %s", c.records, c.bytes, status, text)
		}
	}
	if answer, text := w.call(w.http, "UpdateMaxRecordSize", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","MaxRecordSizeInKiB":10240}`); answer.StatusCode != 200 {
		t.Fatal(text)
	}
	if status, text := put(1, 10*mib-1); status != 200 {
		t.Errorf("a record of ten MiB: %d %s", status, text)
	}
}

// TestTrap13ErrorsHaveTypeAndText: clients look at the type in header and body, suites
// compare the text.
func TestTrap13ErrorsHaveTypeAndText(t *testing.T) {
	w := newTrap(t)
	for _, c := range []struct{ action, body, code, text string }{
		{"DescribeStream", `{"StreamName":"nope"}`, "ResourceNotFoundException", "Stream nope under account 000000000000 not found."},
		{"CreateStream", `{"StreamName":"s","ShardCount":1}`, "ResourceInUseException", "Stream s under account 000000000000 already exists."},
		{"CreateStream", `{"StreamName":"a b","ShardCount":0}`, "ValidationException",
			"2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
				"Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"PutRecords", `{"StreamName":"s","Records":[{"Data":"eA==","PartitionKey":"k"},{"Data":"eA=="}]}`, "ValidationException",
			"1 validation error detected: Value null at 'records.2.member.partitionKey' failed to satisfy constraint: Member must not be null"},
		{"GetRecords", `{"ShardIterator":"x"}`, "InvalidArgumentException", "Invalid ShardIterator."},
		{"Nonsense", `{}`, "UnknownOperationException", ""},
		{"ListStreams", `{"Limit":"x"}`, "SerializationException", ""},
	} {
		answer, text := w.call(w.http, c.action, c.body)
		var got struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || answer.StatusCode != 400 || got.Type != c.code || answer.Header.Get("x-amzn-ErrorType") != c.code {
			t.Errorf("%s %s: %s %s", c.action, c.body, answer.Status, text)
		}
		if c.text != "" && got.Message != c.text {
			t.Errorf("%s: %q, want %q", c.action, got.Message, c.text)
		}
	}
}

// TestTrap14NoTransitionMeansNoWaiting creates, reshards, deletes and creates again
// without a pause: suites never wait.
func TestTrap14NoTransitionMeansNoWaiting(t *testing.T) {
	w := newTrap(t)
	for _, step := range []struct{ action, body string }{
		{"CreateStream", `{"StreamName":"t","ShardCount":1}`},
		{"PutRecord", `{"StreamName":"t","Data":"eA==","PartitionKey":"k"}`},
		{"UpdateShardCount", `{"StreamName":"t","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"}`},
		{"UpdateShardCount", `{"StreamName":"t","TargetShardCount":4,"ScalingType":"UNIFORM_SCALING"}`},
		{"DeleteStream", `{"StreamName":"t"}`},
		{"CreateStream", `{"StreamName":"t","ShardCount":1}`},
	} {
		if answer, text := w.call(w.http, step.action, step.body); answer.StatusCode != 200 {
			t.Errorf("%s: %s", step.action, text)
		}
	}
	if _, text := w.call(w.http, "DescribeStreamSummary", `{"StreamName":"t"}`); !strings.Contains(text, `"StreamStatus":"ACTIVE"`) {
		t.Error(text)
	}
}

// TestTrap06TheProducerLibraryAsksWhoItIs answers STS's GetCallerIdentity, without
// which the Kinesis Producer Library does not start.
func TestTrap06TheProducerLibraryAsksWhoItIs(t *testing.T) {
	w := newTrap(t)
	r, err := http.NewRequest(http.MethodPost, w.url, strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261128/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00")
	answer, err := w.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "<Account>" + awsapi.DefaultAccount + "</Account>"; answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
		t.Errorf("%s: %s", answer.Status, text)
	}
}
