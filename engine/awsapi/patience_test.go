package awsapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/internal/httplimit"
	"github.com/thalweg/thalweg/internal/pipetest"
)

// inBubble runs a test on a limited server with a stream s of one shard, whose clock waits
// for nobody.
func inBubble(t *testing.T, test func(t *testing.T, n *pipetest.Network)) {
	synctest.Test(t, func(t *testing.T) {
		store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
		if err == nil {
			err = store.CreateStream("s", 1, shardlog.MinRetention)
		}
		if err != nil {
			t.Fatal(err)
		}
		network, served := pipetest.New(), make(chan error, 1)
		server := &http.Server{Handler: awsapi.New(store, awsapi.Options{})}
		awsapi.Configure(server)
		httplimit.Default().Apply(server)
		go func() { served <- server.Serve(network) }()
		defer func() {
			server.Close()
			<-served
			store.Close()
			pipetest.Pass(2 * pipetest.Linger)
		}()
		test(t, network)
	})
}

// TestSubscriptionsLastFiveMinutes subscribes twice on one connection, each time to the
// end: limits of what clients send don't cut off what they get, nor does the end of one
// call reach into the next.
func TestSubscriptionsLastFiveMinutes(t *testing.T) {
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "h2c": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *pipetest.Network) {
				dials := 0
				transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					dials++
					return n.Dial(ctx, network, addr)
				}}
				transport.Protocols.SetHTTP1(!h2)
				transport.Protocols.SetUnencryptedHTTP2(h2)
				defer transport.CloseIdleConnections()
				client := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://pipe"), Credentials: credentials.NewStaticCredentialsProvider("A", "b", ""),
					HTTPClient: &http.Client{Transport: plainBodies{transport}}})
				c, err := client.RegisterStreamConsumer(t.Context(), &sdk.RegisterStreamConsumerInput{
					StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s"), ConsumerName: aws.String("c")})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					begun, events := time.Now(), 0
					out, err := client.SubscribeToShard(t.Context(), &sdk.SubscribeToShardInput{ConsumerARN: c.Consumer.ConsumerARN,
						ShardId: aws.String("shardId-000000000000"), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
					if err != nil {
						t.Fatal(err)
					}
					for range out.GetStream().Events() {
						events++
					}
					if err, took := out.GetStream().Err(), time.Since(begun); err != nil || took != 5*time.Minute || events < 60 {
						t.Errorf("%d events in %s, then %v", events, took, err)
					}
					out.GetStream().Close()
				}
				if dials != 1 {
					t.Errorf("%d connections were made", dials)
				}
			})
		})
	}
}

// TestAHalfSentCallIsRefused sends a part of a call's body and then nothing: SDKs would try
// again.
func TestAHalfSentCallIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, n *pipetest.Network) {
		conn, err := n.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		begun := time.Now()
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: pipe\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"+
			"Authorization: AWS4-HMAC-SHA256 Credential=A/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00\r\n"+
			"Content-Length: 1000000\r\n\r\n{\"StreamName\":"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusRequestTimeout || answer.Header.Get("x-amzn-ErrorType") != "RequestTimeoutException" || !answer.Close {
			t.Errorf("%s %v", answer.Status, answer.Header)
		}
		if took := time.Since(begun); took > httplimit.Default().BodyPatience {
			t.Errorf("it was waited for %s", took)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && err == nil {
			t.Error("the connection is still open")
		}
	})
}

// TestAnAnswerThatNobodyTakesIsGivenUp asks for ten MiB and looks at them after half an
// hour only.
func TestAnAnswerThatNobodyTakesIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, n *pipetest.Network) {
		transport := &http.Transport{Protocols: new(http.Protocols), DialContext: n.Dial}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		client := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://pipe"), Credentials: credentials.NewStaticCredentialsProvider("A", "b", ""),
			HTTPClient: &http.Client{Transport: transport}})
		for range 10 {
			if _, err := client.PutRecord(t.Context(), &sdk.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: make([]byte, 1<<20-1)}); err != nil {
				t.Fatal(err)
			}
		}
		it, err := client.GetShardIterator(t.Context(), &sdk.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"),
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		w := &trap{T: t, url: "http://pipe"}
		answer, err := w.begin(&http.Client{Transport: transport}, "GetRecords", `{"ShardIterator":"`+*it.ShardIterator+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		pipetest.Pass(30 * time.Minute)
		if n, err := io.Copy(io.Discard, answer.Body); err == nil {
			t.Errorf("all %d bytes waited", n)
		}
	})
}
