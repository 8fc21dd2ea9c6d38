package kinesis_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
)

// world is a served store with a client of AWS's own SDK.
type world struct {
	*testing.T
	store  *shardlog.Store
	client *kinesis.Client
	ctx    context.Context
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, awsapi.Options{Secrets: map[string]string{"AKID": "secret"}})
}

func newWorldWith(t *testing.T, options awsapi.Options) *world {
	t.Helper()
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: awsapi.New(store, options)}
	awsapi.Configure(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
		store.Close()
	})
	client := kinesis.New(kinesis.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://" + listener.Addr().String()),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""), HTTPClient: &http.Client{Transport: plainBodies{transport}},
		RetryMaxAttempts: 1,
	})
	return &world{t, store, client, t.Context()}
}

// plainBodies hides the WriteTo of request bodies. That of smithy-go 1.28.9 reports
// io.EOF as an error once the body is closed, which its client does as soon as the
// answer's head is there: an answer that comes before the transport's last, empty
// copy of the body makes the transport drop the connection under the events.
type plainBodies struct{ http.RoundTripper }

func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

func must[T any](out T, err error) T {
	if err != nil {
		panic(err)
	}
	return out
}

func (w *world) create(name string, shards int32) {
	w.Helper()
	if _, err := w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		w.Fatal(err)
	}
}

// put puts records with the keys k0, k1, …
func (w *world) put(name string, from, to int) {
	w.Helper()
	in := &kinesis.PutRecordsInput{StreamName: &name}
	for i := from; i < to; i++ {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "data %d", i), PartitionKey: aws.String(fmt.Sprintf("k%d", i))})
	}
	out, err := w.client.PutRecords(w.ctx, in)
	if err != nil {
		w.Fatal(err)
	}
	if *out.FailedRecordCount != 0 || len(out.Records) != to-from {
		w.Fatalf("put: %d failed, %d results", *out.FailedRecordCount, len(out.Records))
	}
}

// drain reads a shard from its horizon to its present end, or to its children.
func (w *world) drain(name, shard string) (data []string, children []types.ChildShard) {
	w.Helper()
	it, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: &name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		w.Fatal(err)
	}
	next := it.ShardIterator
	for next != nil {
		out, err := w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(7)})
		if err != nil {
			w.Fatal(err)
		}
		for _, r := range out.Records {
			data = append(data, string(r.Data))
		}
		if len(out.Records) == 0 && out.NextShardIterator != nil {
			if *out.MillisBehindLatest != 0 {
				w.Errorf("at the tip, but %d ms behind", *out.MillisBehindLatest)
			}
			return data, nil
		}
		next, children = out.NextShardIterator, out.ChildShards
	}
	return data, children
}

// drainAll reads all shards of the log itself.
func (w *world) drainAll(name string) (data []string) {
	w.Helper()
	st, err := w.store.Stream(name)
	if err != nil {
		w.Fatal(err)
	}
	for _, id := range st.ShardIDs() {
		it, err := st.Iterator(id, shardlog.TrimHorizon())
		if err != nil {
			w.Fatal(err)
		}
		for it.Ready() {
			entries, err := it.Next(w.ctx, nil)
			if err != nil {
				break
			}
			for _, e := range entries {
				data = append(data, string(e.Data))
			}
		}
		it.Close()
	}
	return data
}

func TestStreamRoundTrip(t *testing.T) {
	w := newWorld(t)
	w.create("s", 2)
	w.put("s", 0, 40)
	d, err := w.client.DescribeStream(w.ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	if d.StreamDescription.StreamStatus != types.StreamStatusActive || len(d.StreamDescription.Shards) != 2 {
		t.Fatalf("described as %+v", d.StreamDescription)
	}
	if got, want := *d.StreamDescription.StreamARN, "arn:aws:kinesis:eu-west-1:000000000000:stream/s"; got != want {
		t.Errorf("ARN %s, want %s", got, want)
	}
	total := 0
	for _, s := range d.StreamDescription.Shards {
		data, children := w.drain("s", *s.ShardId)
		total += len(data)
		if children != nil {
			t.Errorf("an open shard has children %v", children)
		}
	}
	if total != 40 {
		t.Errorf("%d records, want 40", total)
	}
	one, err := w.client.PutRecord(w.ctx, &kinesis.PutRecordInput{StreamARN: d.StreamDescription.StreamARN, Data: []byte("x"), PartitionKey: aws.String("k"),
		ExplicitHashKey: aws.String("0")})
	if err != nil || *one.ShardId != "shardId-000000000000" {
		t.Errorf("PutRecord with an explicit hash key: %v, %v", one, err)
	}
	at, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: one.ShardId,
		ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: one.SequenceNumber})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: at.ShardIterator})
	if err != nil || len(out.Records) != 1 || *out.Records[0].SequenceNumber != *one.SequenceNumber {
		t.Errorf("read at its number: %v, %v", out, err)
	}
	if age := time.Since(*out.Records[0].ApproximateArrivalTimestamp); age < -time.Minute || age > time.Minute {
		t.Errorf("the record arrived %s ago", age)
	}
}

// TestTrap07DrainedShardHasChildrenAndNoIterator and TestTrap08LineageHasParents
// are what KCL can't do without.
func TestTrap07DrainedShardHasChildrenAndNoIterator(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	w.put("s", 0, 20)
	if _, err := w.client.SplitShard(w.ctx, &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: aws.String("shardId-000000000000"),
		NewStartingHashKey: aws.String("170141183460469231731687303715884105728")}); err != nil {
		t.Fatal(err)
	}
	data, children := w.drain("s", "shardId-000000000000")
	if len(data) != 20 || len(children) != 2 {
		t.Fatalf("%d records, children %v", len(data), children)
	}
	for _, c := range children {
		if len(c.ParentShards) != 1 || c.ParentShards[0] != "shardId-000000000000" || c.HashKeyRange == nil {
			t.Errorf("child %+v", c)
		}
	}
	if _, err := w.client.MergeShards(w.ctx, &kinesis.MergeShardsInput{StreamName: aws.String("s"), ShardToMerge: children[0].ShardId,
		AdjacentShardToMerge: children[1].ShardId}); err != nil {
		t.Fatal(err)
	}
	if _, merged := w.drain("s", *children[1].ShardId); len(merged) != 1 || len(merged[0].ParentShards) != 2 {
		t.Errorf("the merged shard: %+v", merged)
	}
}

func TestTrap08LineageHasParents(t *testing.T) {
	w := newWorld(t)
	w.create("s", 4)
	if _, err := w.client.UpdateShardCount(w.ctx, &kinesis.UpdateShardCountInput{StreamName: aws.String("s"), TargetShardCount: aws.Int32(5),
		ScalingType: types.ScalingTypeUniformScaling}); err != nil {
		t.Fatal(err)
	}
	out := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: aws.String("s")}))
	if len(out.Shards) != 15 {
		t.Errorf("%d shards, AWS makes 15 of 4 to 5", len(out.Shards))
	}
	for i, s := range out.Shards {
		if i >= 4 && s.ParentShardId == nil {
			t.Errorf("%s has no parent", *s.ShardId)
		}
	}
	latest := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: aws.String("s"),
		ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}}))
	if len(latest.Shards) != 5 {
		t.Errorf("AT_LATEST: %d shards", len(latest.Shards))
	}
}

func TestTrap09NextTokenExcludesNames(t *testing.T) {
	w := newWorld(t)
	w.create("s", 5)
	page := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: aws.String("s"),
		StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), MaxResults: aws.Int32(3)}))
	if len(page.Shards) != 3 || page.NextToken == nil {
		t.Fatalf("first page %+v", page)
	}
	_, err := w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: aws.String("s"), NextToken: page.NextToken})
	var invalid *types.InvalidArgumentException
	if !errors.As(err, &invalid) {
		t.Errorf("NextToken with StreamName: %v", err)
	}
	rest := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{NextToken: page.NextToken}))
	if len(rest.Shards) != 2 || rest.NextToken != nil {
		t.Errorf("second page %+v", rest)
	}
}

func TestTrap10StreamIDStaysAbsent(t *testing.T) {
	w := newWorld(t)
	w.create("s", 3)
	out := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")}))
	if d := out.StreamDescriptionSummary; d.StreamId != nil || *d.OpenShardCount != 3 {
		t.Errorf("summary %+v", d)
	}
}

// TestTypedErrors proves that the SDK turns each refusal into its exception.
func TestTypedErrors(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	name, shard := aws.String("s"), aws.String("shardId-000000000000")
	cases := map[string]func() error{
		"ResourceNotFoundException": func() error {
			_, err := w.client.DescribeStream(w.ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("none")})
			return err
		},
		"ResourceInUseException": func() error {
			_, err := w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
			return err
		},
		"InvalidArgumentException": func() error {
			_, err := w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")})
			return err
		},
		"ValidationException": func() error {
			_, err := w.client.PutRecord(w.ctx, &kinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("")})
			return err
		},
		"InvalidArgumentException ": func() error {
			_, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: shard,
				ShardIteratorType: types.ShardIteratorTypeAtTimestamp})
			return err
		},
		"ResourceNotFoundException ": func() error {
			_, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000009"),
				ShardIteratorType: types.ShardIteratorTypeLatest})
			return err
		},
	}
	for code, do := range cases {
		var api smithy.APIError
		if err := do(); !errors.As(err, &api) || api.ErrorCode() != trimmed(code) {
			t.Errorf("got %v, want %s", err, code)
		}
	}
}

func trimmed(code string) string {
	for len(code) > 0 && code[len(code)-1] == ' ' {
		code = code[:len(code)-1]
	}
	return code
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	name := aws.String("s")
	must(w.client.AddTagsToStream(w.ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"b": "2", "a": "1", "c": "3"}}))
	must(w.client.RemoveTagsFromStream(w.ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"c", "zz"}}))
	out := must(w.client.ListTagsForStream(w.ctx, &kinesis.ListTagsForStreamInput{StreamName: name, Limit: aws.Int32(1)}))
	if len(out.Tags) != 1 || *out.Tags[0].Key != "a" || !*out.HasMoreTags {
		t.Errorf("tags %+v", out)
	}
}

// TestSubscribeMissesNothing reads records whose blocks are larger than an event: what does not go into
// one is in the next.
func TestSubscribeMissesNothing(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	const puts, each = 3, 300
	for p := range puts {
		in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
		for i := range each {
			data := binary.BigEndian.AppendUint32(make([]byte, 0, 10_000), uint32(p*each+i))
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data[:10_000], PartitionKey: aws.String("k")})
		}
		if out := must(w.client.PutRecords(w.ctx, in)); *out.FailedRecordCount > 0 {
			t.Fatalf("%d records failed", *out.FailedRecordCount)
		}
	}
	consumer := must(w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), ConsumerName: aws.String("c")})).Consumer
	stream := must(w.client.SubscribeToShard(w.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: consumer.ConsumerARN, ShardId: aws.String("shardId-000000000000"),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})).GetStream()
	defer stream.Close()
	for want := uint32(0); want < puts*each; {
		e, ok := <-stream.Events()
		if !ok {
			t.Fatalf("the stream ended: %v", stream.Err())
		}
		bytes := 0
		for _, r := range e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records {
			if got := binary.BigEndian.Uint32(r.Data); got != want {
				t.Fatalf("record %d came where %d should have", got, want)
			}
			want++
			bytes += len(r.Data)
		}
		if bytes > 1<<20 {
			t.Errorf("an event of %d bytes", bytes)
		}
	}
}

func TestSubscribe(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	w.put("s", 0, 3)
	consumer := must(w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), ConsumerName: aws.String("c")})).Consumer
	in := &kinesis.SubscribeToShardInput{ConsumerARN: consumer.ConsumerARN, ShardId: aws.String("shardId-000000000000"),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}}
	out, err := w.client.SubscribeToShard(w.ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	defer stream.Close()
	next := func() types.SubscribeToShardEvent {
		t.Helper()
		select {
		case e, ok := <-stream.Events():
			if !ok {
				t.Fatalf("the stream ended: %v", stream.Err())
			}
			return e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		case <-time.After(20 * time.Second):
			t.Fatal("no event")
		}
		panic("unreachable")
	}
	if e := next(); len(e.Records) != 3 || e.ContinuationSequenceNumber == nil {
		t.Errorf("first event %+v", e)
	}
	var inUse *types.ResourceInUseException
	if _, err := w.client.SubscribeToShard(w.ctx, in); !errors.As(err, &inUse) {
		t.Errorf("a second subscription at once: %v", err)
	}
	w.put("s", 3, 5)
	if e := next(); len(e.Records) != 2 {
		t.Errorf("second event %+v", e)
	}
	must(w.client.SplitShard(w.ctx, &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: in.ShardId,
		NewStartingHashKey: aws.String("170141183460469231731687303715884105728")}))
	if e := next(); len(e.ChildShards) != 2 || e.ContinuationSequenceNumber != nil {
		t.Errorf("last event %+v", e)
	}
	if _, more := <-stream.Events(); more {
		t.Error("the stream goes on behind the shard's end")
	}
}

// TestDeletedStreamEndsSubscriptions deletes a stream that is subscribed to: the call ends with a typed error.
func TestDeletedStreamEndsSubscriptions(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	consumer := must(w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), ConsumerName: aws.String("c")})).Consumer
	stream := must(w.client.SubscribeToShard(w.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: consumer.ConsumerARN, ShardId: aws.String("shardId-000000000000"),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})).GetStream()
	defer stream.Close()
	<-stream.Events() // the call is under way
	must(w.client.DeleteStream(w.ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)}))
	events := 0
	for range stream.Events() {
		events++
	}
	var gone *types.ResourceNotFoundException
	if !errors.As(stream.Err(), &gone) || events > 1 {
		t.Errorf("%d events more, and then %v", events, stream.Err())
	}
}

// TestRefusedWarmThroughputChangesNothing asks for more than is possible with a new mode.
func TestRefusedWarmThroughputChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	_, err := w.client.UpdateStreamMode(w.ctx, &kinesis.UpdateStreamModeInput{StreamARN: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/s"),
		StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}, WarmThroughputMiBps: aws.Int32(100_000)})
	var limit *types.LimitExceededException
	if !errors.As(err, &limit) {
		t.Errorf("%v", err)
	}
	d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")}))
	if mode := d.StreamDescriptionSummary.StreamModeDetails.StreamMode; mode != types.StreamModeProvisioned {
		t.Errorf("the mode is %s", mode)
	}
}
