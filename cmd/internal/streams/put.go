package streams

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/internal/errs"
)

// The most that a call takes.
const (
	putRecordsMax = 500
	putBytesMax   = 4 << 20
)

// Done is how much was put.
type Done struct {
	Records int64
	Bytes   int64
	Took    time.Duration
}

// Put puts all records of a reader, in order, and tells how it gets on. What was put
// before an error stays.
func (c *Client) Put(ctx context.Context, name string, from *Reader, tell func(Done)) (Done, error) {
	var done Done
	begun := time.Now()
	for end := false; !end; {
		batch, bytes, err := nextBatch(from)
		end = errors.Is(err, io.EOF)
		if err != nil && !end {
			return done, err
		}
		if err := c.putBatch(ctx, name, batch); err != nil {
			return done, err
		}
		done.Records += int64(len(batch))
		done.Bytes += bytes
		done.Took = time.Since(begun)
		tell(done)
	}
	return done, nil
}

// nextBatch reads what one call takes.
func nextBatch(from *Reader) (batch []types.PutRecordsRequestEntry, bytes int64, err error) {
	for len(batch) < putRecordsMax && bytes < putBytesMax {
		r, err := from.Next()
		if err != nil {
			return batch, bytes, err
		}
		if r.Key == "" {
			r.Key = strconv.FormatUint(rand.Uint64(), 36)
		}
		data := r.data()
		if data == nil {
			data = []byte{}
		}
		batch = append(batch, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(r.Key)})
		bytes += int64(len(data) + len(r.Key))
	}
	return batch, bytes, nil
}

// Retries of records that the stream had no room for.
const (
	putAttemptsMax = 20
	putPauseMax    = 2 * time.Second
)

// putBatch puts records until each is acknowledged.
func (c *Client) putBatch(ctx context.Context, name string, batch []types.PutRecordsRequestEntry) error {
	wait := 50 * time.Millisecond
	for attempt := 1; len(batch) > 0; attempt++ {
		out, err := c.api.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &name, Records: batch})
		if err != nil {
			return c.explain(err)
		}
		var failed []types.PutRecordsRequestEntry
		var why string
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				failed = append(failed, batch[i])
				why = *r.ErrorCode + ": " + aws.ToString(r.ErrorMessage)
			}
		}
		if batch = failed; len(batch) == 0 {
			return nil
		}
		if attempt == putAttemptsMax {
			return errs.Resourcef("%d records were refused %d times, the last time by %s", len(batch), attempt, why)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, putPauseMax)
	}
	return nil
}
