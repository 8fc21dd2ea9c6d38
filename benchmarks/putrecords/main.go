// Command putrecords measures how many records a Kinesis endpoint takes: some
// clients post PutRecords requests, encoded beforehand, as fast as they are
// answered. compare.sh runs it against Thalweg and kinesalite.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// load is what to do to an endpoint.
type load struct {
	endpoint string
	stream   string
	shards   int
	clients  int
	records  int
	bytes    int
	duration time.Duration
}

func main() {
	var l load
	flag.StringVar(&l.endpoint, "endpoint", "http://127.0.0.1:4567", "the endpoint")
	flag.StringVar(&l.stream, "stream", "putrecords", "the stream, which is made")
	flag.IntVar(&l.shards, "shards", 2, "its shards")
	flag.IntVar(&l.clients, "clients", 4, "clients at a time")
	flag.IntVar(&l.records, "records", 500, "records a request")
	flag.IntVar(&l.bytes, "bytes", 1024, "bytes a record")
	flag.DurationVar(&l.duration, "duration", 5*time.Second, "how long")
	flag.Parse()
	if err := l.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run makes the stream, loads it and writes one line.
func (l load) run(out io.Writer) error {
	if err := l.create(); err != nil {
		return err
	}
	took := make([][]time.Duration, l.clients)
	failed := make([]error, l.clients)
	begun := time.Now()
	var done sync.WaitGroup
	for c := range l.clients {
		done.Go(func() { took[c], failed[c] = l.client(c, begun.Add(l.duration)) })
	}
	done.Wait()
	seconds := time.Since(begun).Seconds()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	records := float64(len(all) * l.records)
	_, err := fmt.Fprintf(out, "%s: %.0f records/s, %.1f MB/s, %d calls, median %s, p99 %s\n", l.endpoint, records/seconds,
		records*float64(l.bytes)/1e6/seconds, len(all), at(all, 0.5), at(all, 0.99))
	return err
}

func at(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(float64(len(sorted)-1)*q)].Round(10 * time.Microsecond)
}

// create makes the stream and waits until it takes records.
func (l load) create() error {
	body := fmt.Sprintf(`{"StreamName":%q,"ShardCount":%d}`, l.stream, l.shards)
	if _, err := l.call("CreateStream", []byte(body)); err != nil {
		return err
	}
	for range 100 {
		answer, err := l.call("DescribeStream", fmt.Appendf(nil, `{"StreamName":%q}`, l.stream))
		if err != nil || strings.Contains(string(answer), `"StreamStatus":"ACTIVE"`) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s: the stream did not become ACTIVE", l.endpoint)
}

// client puts until the time is over, and gives how long each call took.
func (l load) client(number int, until time.Time) ([]time.Duration, error) {
	body, err := l.body(number)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for time.Now().Before(until) {
		begun := time.Now()
		answer, err := l.call("PutRecords", body)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(answer, []byte(`"FailedRecordCount":0`)) {
			return nil, fmt.Errorf("%s refused records", l.endpoint)
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}

func (l load) body(client int) ([]byte, error) {
	type entry struct {
		Data         []byte
		PartitionKey string
	}
	in := struct {
		StreamName string
		Records    []entry
	}{StreamName: l.stream}
	for i := range l.records {
		data := make([]byte, l.bytes)
		for k := range data {
			data[k] = byte(i*31 + k*7)
		}
		in.Records = append(in.Records, entry{data, fmt.Sprintf("key-%d-%d", client, i)})
	}
	return json.Marshal(in)
}

func (l load) call(action string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(http.MethodPost, l.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	date := time.Now().UTC().Format("20060102T150405Z")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
	r.Header.Set("X-Amz-Date", date)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/"+date[:8]+"/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err == nil && w.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s %s", l.endpoint, action, w.Status, answer)
	}
	return answer, err
}
