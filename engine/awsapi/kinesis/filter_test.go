package kinesis_test

import (
	"log/slog"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/kinesis"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// timedWorld is a world on a clock that only a test moves.
type timedWorld struct {
	*world
	now time.Time
}

func newTimedWorld(t *testing.T) *timedWorld {
	t.Helper()
	return newTimedWorldWith(t, kinesis.Options{})
}

func newTimedWorldWith(t *testing.T, o kinesis.Options) *timedWorld {
	t.Helper()
	w := &timedWorld{now: time.UnixMilli(1_700_000_000_000)}
	clock := func() time.Time { return w.now }
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	o.Now = clock
	service := kinesis.New(store, o)
	server := httptest.NewServer(wire.NewHandler(&wire.Verifier{}, "eu-west-1", slog.New(slog.DiscardHandler), service.Wire()))
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		store.Close()
	})
	client := sdk.New(sdk.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
		HTTPClient: &http.Client{Transport: plainBodies{transport}}, RetryMaxAttempts: 1})
	w.world = &world{t, store, client, t.Context()}
	return w
}

// reshard changes shards at random, sometimes of a stream that it just changed.
func (w *timedWorld) reshard(name string, r *rand.Rand) {
	w.Helper()
	open := w.filtered(name, &types.ShardFilter{Type: types.ShardFilterTypeAtLatest})
	slices.SortFunc(open, func(a, b types.Shard) int { return first(a).Cmp(first(b)) })
	switch at := r.IntN(len(open)); {
	case r.IntN(4) == 0:
		target := int32((len(open)+1)/2 + r.IntN(len(open)+1))
		must(w.client.UpdateShardCount(w.ctx, &sdk.UpdateShardCountInput{StreamName: &name, TargetShardCount: &target, ScalingType: types.ScalingTypeUniformScaling}))
	case r.IntN(2) == 0 && at+1 < len(open):
		must(w.client.MergeShards(w.ctx, &sdk.MergeShardsInput{StreamName: &name, ShardToMerge: open[at].ShardId, AdjacentShardToMerge: open[at+1].ShardId}))
	default:
		middle := new(big.Int).Add(first(open[at]), last(open[at]))
		must(w.client.SplitShard(w.ctx, &sdk.SplitShardInput{StreamName: &name, ShardToSplit: open[at].ShardId, NewStartingHashKey: aws.String(middle.Rsh(middle, 1).String())}))
	}
}

func (w *timedWorld) filtered(name string, f *types.ShardFilter) []types.Shard {
	w.Helper()
	return must(w.client.ListShards(w.ctx, &sdk.ListShardsInput{StreamName: &name, ShardFilter: f})).Shards
}

func first(s types.Shard) *big.Int { return number(*s.HashKeyRange.StartingHashKey) }
func last(s types.Shard) *big.Int  { return number(*s.HashKeyRange.EndingHashKey) }

func number(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic(text)
	}
	return n
}

// covers checks that shards have every hash key once.
func covers(shards []types.Shard) bool {
	shards = slices.SortedFunc(slices.Values(shards), func(a, b types.Shard) int { return first(a).Cmp(first(b)) })
	next := new(big.Int)
	for _, s := range shards {
		if first(s).Cmp(next) != 0 {
			return false
		}
		next = new(big.Int).Add(last(s), big.NewInt(1))
	}
	return next.Cmp(new(big.Int).Lsh(big.NewInt(1), 128)) == 0
}

// TestEveryInstantIsCovered reshards at random, within milliseconds and over days, while
// old shards expire and the clock also goes back a little: at any time the shards of that
// time have every hash key once, and those from it on include them.
func TestEveryInstantIsCovered(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newTimedWorld(t)
		w.create("s", int32(1+r.IntN(3)))
		var instants []time.Time
		for range 12 {
			w.now = w.now.Add([]time.Duration{0, -time.Millisecond, time.Millisecond, 700 * time.Millisecond, 3 * time.Second, 7 * time.Hour}[r.IntN(6)])
			w.put("s", 0, 3)
			w.reshard("s", r)
			switch r.IntN(6) {
			case 0, 1:
				must(w.store.Trim())
			case 2: // the horizon goes back to where records are gone
				must(w.client.IncreaseStreamRetentionPeriod(w.ctx, &sdk.IncreaseStreamRetentionPeriodInput{StreamName: aws.String("s"), RetentionPeriodHours: aws.Int32(48)}))
			}
			for _, off := range []time.Duration{-time.Second, -1, 0, 1, 2, 999, 1000, 1001, 2500} {
				instants = append(instants, w.now.Add(off*time.Millisecond))
			}
		}
		w.now = w.now.Add(time.Minute)
		for _, at := range instants {
			there := w.filtered("s", &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: &at})
			if !covers(there) {
				t.Fatalf("seed %d: at %d there are %q", seed, at.UnixMilli(), shown(there))
			}
			since := w.filtered("s", &types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: &at})
			for _, s := range there {
				if !slices.ContainsFunc(since, func(x types.Shard) bool { return *x.ShardId == *s.ShardId }) {
					t.Fatalf("seed %d: %s is of %d, but not since", seed, *s.ShardId, at.UnixMilli())
				}
			}
		}
		for _, kind := range []types.ShardFilterType{types.ShardFilterTypeAtTrimHorizon, types.ShardFilterTypeAtLatest} {
			if there := w.filtered("s", &types.ShardFilter{Type: kind}); !covers(there) {
				t.Fatalf("seed %d: %s gives %q", seed, kind, shown(there))
			}
		}
	}
}

func shown(shards []types.Shard) (out []string) {
	for _, s := range shards {
		out = append(out, *s.ShardId+" "+*s.HashKeyRange.StartingHashKey+".."+*s.HashKeyRange.EndingHashKey)
	}
	return out
}
