package kinesis_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/engine/awsapi"
)

func newLimitedWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, awsapi.Options{Secrets: map[string]string{"AKID": "secret"}, Limits: true})
}

// TestLimitsFailSingleRecords puts more records into one shard than it takes in a
// second, and one into another: those beyond fail singly, and the rest is there.
func TestLimitsFailSingleRecords(t *testing.T) {
	w := newLimitedWorld(t)
	w.create("s", 2)
	in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
	for i := range 500 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: fmt.Append(nil, i), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("0")})
	}
	in.Records[499].ExplicitHashKey = aws.String("340282366920938463463374607431768211455")
	put, refused := 0, 0
	for range 4 {
		out, err := w.client.PutRecords(w.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range out.Records {
			switch {
			case r.ErrorCode == nil:
				put++
			case i == 499:
				t.Errorf("the other shard refused a record: %s", *r.ErrorMessage)
			case *r.ErrorCode != "ProvisionedThroughputExceededException" ||
				*r.ErrorMessage != "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.":
				t.Fatalf("refused by %s: %s", *r.ErrorCode, *r.ErrorMessage)
			default:
				refused++
			}
		}
		if int(*out.FailedRecordCount) != refused && refused == 0 {
			t.Errorf("FailedRecordCount %d", *out.FailedRecordCount)
		}
	}
	data := w.drainAll("s")
	if refused == 0 || len(data) != put {
		t.Errorf("%d put, %d refused, %d there", put, refused, len(data))
	}
}

// TestLimitsOnReadsAndCalls turns them into the SDK's typed exceptions.
func TestLimitsOnReadsAndCalls(t *testing.T) {
	w := newLimitedWorld(t)
	w.create("s", 1)
	it, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"),
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	var full *types.ProvisionedThroughputExceededException
	for i := 0; i < 50 && err == nil; i++ {
		_, err = w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	}
	if !errors.As(err, &full) {
		t.Errorf("reading on and on: %v", err)
	}
	var many *types.LimitExceededException
	for err = nil; err == nil; {
		_, err = w.client.DescribeLimits(w.ctx, &kinesis.DescribeLimitsInput{})
	}
	if !errors.As(err, &many) {
		t.Errorf("describing limits on and on: %v", err)
	}
}
