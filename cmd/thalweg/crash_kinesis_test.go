package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// kinesisKills is how often TestKinesisSurvivesKill9 kills the server.
var kinesisKills = flag.Int("kinesis-kills", 10, "how often the test of the Kinesis API kills the server")

// kinesis posts a request to the API and decodes the answer; false when the server
// has gone or refused.
func (w *crashWorld) kinesis(action, body string, answer any) bool {
	w.mu.Lock()
	address := w.aws
	w.mu.Unlock()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return false
	}
	return answer == nil || json.Unmarshal(raw, answer) == nil
}

// mustKinesis is kinesis on a server that is there.
func (w *crashWorld) mustKinesis(action, body string, answer any) {
	w.t.Helper()
	if !w.kinesis(action, body, answer) {
		w.t.Fatalf("%s %s failed", action, body)
	}
}

// placed is where a record was acknowledged to be.
type placed struct {
	id       string
	ShardId  string
	Sequence *big.Int
}

// kinesisProducer puts records with ids of their own until it is told to stop. What
// was not acknowledged is not tried again: it may or may not be there.
func (w *crashWorld) kinesisProducer(client int, quit <-chan struct{}) (acknowledged []placed) {
	const batch = 25
	for n := 0; ; n += batch {
		select {
		case <-quit:
			return acknowledged
		default:
		}
		var body bytes.Buffer
		body.WriteString(`{"StreamName":"s","Records":[`)
		for i := range batch {
			if i > 0 {
				body.WriteByte(',')
			}
			id := fmt.Sprintf("%d/%d", client, n+i)
			fmt.Fprintf(&body, `{"PartitionKey":"k%d","Data":"%s"}`, (n+i)%17, base64.StdEncoding.EncodeToString([]byte(id)))
		}
		body.WriteString("]}")
		var answer struct {
			Records []struct{ ShardId, SequenceNumber string }
		}
		if !w.kinesis("PutRecords", body.String(), &answer) {
			continue
		}
		for i, r := range answer.Records {
			if number, ok := new(big.Int).SetString(r.SequenceNumber, 10); ok {
				acknowledged = append(acknowledged, placed{fmt.Sprintf("%d/%d", client, n+i), r.ShardId, number})
			}
		}
	}
}

// TestKinesisSurvivesKill9 kills the server while several clients put records: every
// acknowledged record is there once, where it was acknowledged to be, and in order;
// sequence numbers never go back.
func TestKinesisSurvivesKill9(t *testing.T) {
	kills, clients := *kinesisKills, 4
	if testing.Short() {
		kills = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	w := newCrashWorld(t)
	w.awsListen = "127.0.0.1:0"
	w.start()
	w.mustKinesis("CreateStream", `{"StreamName":"s","ShardCount":3}`, nil)
	quit := make(chan struct{})
	acknowledged := make([][]placed, clients)
	var producers sync.WaitGroup
	for c := range clients {
		producers.Go(func() { acknowledged[c] = w.kinesisProducer(c, quit) })
	}
	for range kills {
		timer := time.NewTimer(time.Duration(20+random.IntN(250)) * time.Millisecond)
		<-timer.C
		w.kill()
		w.start()
	}
	close(quit)
	producers.Wait()
	there := w.readStream("s")
	w.stopGracefully()
	total := 0
	for client, all := range acknowledged {
		newest := map[string]*big.Int{}
		for _, p := range all {
			total++
			if before := newest[p.ShardId]; before != nil && before.Cmp(p.Sequence) >= 0 {
				t.Fatalf("client %d: in %s number %s was acknowledged after %s", client, p.ShardId, p.Sequence, before)
			}
			newest[p.ShardId] = p.Sequence
			at := there[p.id]
			if len(at) != 1 || at[0].ShardId != p.ShardId || at[0].Sequence.Cmp(p.Sequence) != 0 {
				t.Fatalf("record %s was acknowledged in %s as %s, and is at %v", p.id, p.ShardId, p.Sequence, at)
			}
		}
	}
	t.Logf("%d kills, %d records acknowledged, %d there", kills, total, len(there))
	if total < 100 {
		t.Errorf("only %d records were acknowledged: the test proves little", total)
	}
}

// readStream reads all records, by id.
func (w *crashWorld) readStream(name string) map[string][]placed {
	w.t.Helper()
	out := map[string][]placed{}
	var listed struct{ Shards []struct{ ShardId string } }
	w.mustKinesis("ListShards", fmt.Sprintf(`{"StreamName":%q}`, name), &listed)
	for _, s := range listed.Shards {
		var it struct{ ShardIterator string }
		w.mustKinesis("GetShardIterator", fmt.Sprintf(`{"StreamName":%q,"ShardId":%q,"ShardIteratorType":"TRIM_HORIZON"}`, name, s.ShardId), &it)
		newest := new(big.Int)
		for next := it.ShardIterator; next != ""; {
			var got struct {
				Records []struct {
					Data           []byte
					SequenceNumber string
				}
				NextShardIterator string
			}
			w.mustKinesis("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, next), &got)
			for _, r := range got.Records {
				number, _ := new(big.Int).SetString(r.SequenceNumber, 10)
				if number == nil || number.Cmp(newest) <= 0 {
					w.t.Fatalf("in %s number %s comes after %s", s.ShardId, r.SequenceNumber, newest)
				}
				newest = number
				out[string(r.Data)] = append(out[string(r.Data)], placed{string(r.Data), s.ShardId, number})
			}
			if next = got.NextShardIterator; len(got.Records) == 0 {
				break
			}
		}
	}
	return out
}

// TestAggregateOverTenReshards reshards a stream ten times while a windowed aggregate
// reads it and a producer fills it, with crashes between: the result is exact.
func TestAggregateOverTenReshards(t *testing.T) {
	w := newCrashWorld(t)
	w.awsListen = "127.0.0.1:0"
	w.start()
	jobs := w.submit()
	producer := w.produce()
	for i, shards := range []int{4, 2, 3, 5, 3, 2, 1, 2, 4, 2} {
		timer := time.NewTimer(150 * time.Millisecond)
		<-timer.C
		w.mustKinesis("UpdateShardCount", fmt.Sprintf(`{"StreamName":"orders","TargetShardCount":%d,"ScalingType":"UNIFORM_SCALING"}`, shards), nil)
		if i == 3 || i == 7 {
			w.kill()
			w.start()
		}
	}
	acknowledged := producer.stop()
	for _, id := range jobs {
		w.awaitCaughtUp(id)
		w.post("/v1/jobs/"+id+"/stop", map[string]any{"drain": true})
	}
	w.stopGracefully()
	w.verify(acknowledged)
}
