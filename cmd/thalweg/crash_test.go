package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// TestServerSurvivesKill9 starts the server, submits a windowed aggregate and a
// join from shard logs into Parquet files, appends records all the while, kills the
// process at random moments, and at the end finds every row exactly once.
func TestServerSurvivesKill9(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	w := newCrashWorld(t)
	w.start()
	jobs := w.submit()
	producer := w.produce()
	for range kills {
		// The moment is random within what a start, some checkpoints and their
		// commits take.
		timer := time.NewTimer(time.Duration(50+random.IntN(700)) * time.Millisecond)
		<-timer.C
		w.kill()
		w.start()
	}
	acknowledged := producer.stop()
	for _, id := range jobs {
		w.awaitCaughtUp(id)
		w.post("/v1/jobs/"+id+"/stop", map[string]any{"drain": true})
	}
	w.stopGracefully()
	w.verify(acknowledged)
}

// crashWorld is a server that may die, and the client's view of it.
type crashWorld struct {
	t      *testing.T
	binary string
	data   string
	out    string
	// awsListen is the address of the AWS-compatible API; empty for none.
	awsListen string

	mu      sync.Mutex
	address string
	aws     string // the API's URL
	server  *exec.Cmd
	log     bytes.Buffer
}

func newCrashWorld(t *testing.T) *crashWorld {
	t.Helper()
	dir := t.TempDir()
	return &crashWorld{t: t, binary: buildBinary(t), data: filepath.Join(dir, "data"), out: filepath.Join(dir, "out")}
}

// buildBinary builds the program under test.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "thalweg")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

var (
	serving    = regexp.MustCompile(`msg=serving rest=(http://\S+)`)
	servingAWS = regexp.MustCompile(`msg=serving aws=(http://\S+)`)
)

// start starts the server and waits until it answers.
func (w *crashWorld) start() {
	w.t.Helper()
	server := exec.Command(w.binary, "serve", "--data", w.data, "--listen", "127.0.0.1:0", "--aws-listen", w.awsListen,
		"--checkpoint-interval", "100ms", "--parallelism", "2")
	stderr, err := server.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		w.t.Fatal(err)
	}
	addresses := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			w.mu.Lock()
			w.log.WriteString(lines.Text() + "\n")
			if m := servingAWS.FindStringSubmatch(lines.Text()); m != nil {
				w.aws = m[1]
			}
			w.mu.Unlock()
			if m := serving.FindStringSubmatch(lines.Text()); m != nil {
				addresses <- m[1]
			}
		}
		close(addresses)
	}()
	address, ok := <-addresses
	if !ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t.Fatalf("the server ended:\n%s", w.log.String())
	}
	w.mu.Lock()
	w.server, w.address = server, address
	w.mu.Unlock()
}

// kill is kill -9.
func (w *crashWorld) kill() {
	w.t.Helper()
	if err := w.server.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	// A killed process ends with an error by definition.
	_ = w.server.Wait()
}

func (w *crashWorld) stopGracefully() {
	w.t.Helper()
	if err := w.server.Process.Signal(os.Interrupt); err != nil {
		w.t.Fatal(err)
	}
	_ = w.server.Wait()
}

// post sends JSON and decodes the answer; anything but a success is fatal.
func (w *crashWorld) post(path string, body any) map[string]any {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := http.Post(w.address+path, "application/json", bytes.NewReader(encoded))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("POST %s: %s: %s", path, response.Status, raw)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// awaitCaughtUp waits until no source of a job lags behind: draining it ends its
// sources where they are.
func (w *crashWorld) awaitCaughtUp(job string) {
	w.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(time.Minute)
	for !w.caughtUp(job) {
		select {
		case <-ticker.C:
		case <-deadline:
			w.t.Fatalf("job %s does not catch up", job)
		}
	}
}

// get reads a path.
func (w *crashWorld) get(path string) []byte {
	w.t.Helper()
	response, err := http.Get(w.address + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

// caughtUp reports whether no source of a job lags behind.
func (w *crashWorld) caughtUp(job string) bool {
	w.t.Helper()
	var answer struct {
		Metrics struct {
			Nodes []struct {
				Source *struct {
					Splits  int   `json:"splits"`
					Ended   int   `json:"ended"`
					LagRows int64 `json:"lag_rows"`
				} `json:"source"`
			} `json:"nodes"`
		} `json:"metrics"`
	}
	if err := json.Unmarshal(w.get("/v1/jobs/"+job), &answer); err != nil {
		w.t.Fatal(err)
	}
	for _, n := range answer.Metrics.Nodes {
		// All streams have two open shards in the end.
		if n.Source != nil && (n.Source.Splits-n.Source.Ended != 2 || n.Source.LagRows != 0) {
			return false
		}
	}
	return len(answer.Metrics.Nodes) > 0
}

const crashTables = `
CREATE TABLE orders (id BIGINT, customer STRING, amount BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at - INTERVAL '1' SECOND)
WITH ('connector' = 'shardlog', 'stream' = 'orders', 'format' = 'json'%[2]s);
CREATE TABLE payments (order_id BIGINT, paid BIGINT)
WITH ('connector' = 'shardlog', 'stream' = 'payments', 'format' = 'json'%[2]s);
CREATE TABLE totals (start TIMESTAMP(3), customer STRING, orders BIGINT, amount BIGINT)
WITH ('connector' = 'filesystem', 'path' = '%[1]s/totals', 'format' = 'parquet');
CREATE TABLE settled (id BIGINT, customer STRING, amount BIGINT, paid BIGINT)
WITH ('connector' = 'filesystem', 'path' = '%[1]s/settled', 'format' = 'parquet');
`

// submit creates streams and tables and starts the two jobs.
func (w *crashWorld) submit() (jobs []string) {
	w.t.Helper()
	script := "CREATE STREAM orders WITH ('shards' = '2'); CREATE STREAM payments WITH ('shards' = '2');" +
		fmt.Sprintf(crashTables, w.out, "") + `
INSERT INTO totals
SELECT window_start, customer, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(at), INTERVAL '2' SECOND))
GROUP BY window_start, window_end, customer;
INSERT INTO settled
SELECT o.id, o.customer, o.amount, p.paid FROM orders AS o JOIN payments AS p ON o.id = p.order_id;`
	answer := w.post("/v1/statements", map[string]any{"sql": script})
	for _, r := range answer["results"].([]any) {
		if job, ok := r.(map[string]any)["job"].(map[string]any); ok {
			jobs = append(jobs, job["id"].(string))
		}
	}
	if len(jobs) != 2 {
		w.t.Fatalf("%d jobs were started, want 2: %v", len(jobs), answer)
	}
	return jobs
}

// crashProducer appends orders and payments while the server lives and dies.
type crashProducer struct {
	quit, done   chan struct{}
	acknowledged map[int64]bool
}

// produce appends orders in event time order, each with a payment. Every attempt
// has ids of its own: one that was not acknowledged may or may not be in the log.
func (w *crashWorld) produce() *crashProducer {
	p := &crashProducer{quit: make(chan struct{}), done: make(chan struct{}), acknowledged: map[int64]bool{}}
	go func() {
		defer close(p.done)
		id := int64(0)
		for {
			select {
			case <-p.quit:
				return
			default:
			}
			var orders, payments bytes.Buffer
			first := id
			for range 20 {
				at := time.UnixMilli(1_700_000_000_000 + id*7).UTC().Format("2006-01-02 15:04:05.000")
				fmt.Fprintf(&orders, `{"id":%d,"customer":"c%d","amount":%d,"at":"%s"}`+"\n", id, id%7, id%100, at)
				fmt.Fprintf(&payments, `{"order_id":%d,"paid":%d}`+"\n", id, id%50)
				id++
			}
			if w.appendRecords("orders", "customer", orders.Bytes()) && w.appendRecords("payments", "order_id", payments.Bytes()) {
				for i := first; i < id; i++ {
					p.acknowledged[i] = true
				}
			}
		}
	}()
	return p
}

// stop ends the producer and tells what was acknowledged.
func (p *crashProducer) stop() map[int64]bool {
	close(p.quit)
	<-p.done
	return p.acknowledged
}

// appendRecords reports whether the server acknowledged the records.
func (w *crashWorld) appendRecords(stream, key string, lines []byte) bool {
	w.mu.Lock()
	address := w.address
	w.mu.Unlock()
	response, err := http.Post(address+"/v1/streams/"+stream+"/records?key="+key, "application/x-ndjson", bytes.NewReader(lines))
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

// query runs a SELECT on the stopped server's data and returns the rows.
func (w *crashWorld) query(sql string) []map[string]any {
	w.t.Helper()
	bounded := ", 'scan.bounded.mode' = 'latest'"
	script := filepath.Join(w.t.TempDir(), "query.sql")
	text := regexp.MustCompile(`CREATE TABLE`).ReplaceAllString(fmt.Sprintf(crashTables, w.out, bounded), "CREATE TEMPORARY TABLE") + sql
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	run := exec.Command(w.binary, "run", script, "--data", w.data, "--format", "json")
	var out, problems bytes.Buffer
	run.Stdout, run.Stderr = &out, &problems
	if err := run.Run(); err != nil {
		w.t.Fatalf("%s: %v: %s", sql, err, problems.String())
	}
	var rows []map[string]any
	decoder := json.NewDecoder(&out)
	for decoder.More() {
		var row map[string]any
		if err := decoder.Decode(&row); err != nil {
			w.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// verify compares the files with what the logs hold.
func (w *crashWorld) verify(acknowledged map[int64]bool) {
	w.t.Helper()
	orders := map[int64]map[string]any{}
	for _, row := range w.query("SELECT id, customer, amount, CAST(at AS STRING) AS at FROM orders;") {
		id := int64(row["id"].(float64))
		if orders[id] != nil {
			w.t.Errorf("order %d is twice in the log", id)
		}
		orders[id] = row
	}
	paid := map[int64]bool{}
	for _, row := range w.query("SELECT order_id FROM payments;") {
		paid[int64(row["order_id"].(float64))] = true
	}
	for id := range acknowledged {
		if orders[id] == nil || !paid[id] {
			w.t.Errorf("order %d was acknowledged and is lost", id)
		}
	}
	w.verifySettled(orders, paid)
	w.verifyTotals(orders)
	w.t.Logf("%d orders acknowledged, %d in the log", len(acknowledged), len(orders))
	if len(acknowledged) < 100 {
		w.t.Errorf("only %d orders were acknowledged: the test proves little", len(acknowledged))
	}
}

func (w *crashWorld) verifySettled(orders map[int64]map[string]any, paid map[int64]bool) {
	w.t.Helper()
	seen := map[int64]int{}
	for _, row := range w.query("SELECT * FROM settled;") {
		seen[int64(row["id"].(float64))]++
	}
	for id := range orders {
		want := 0
		if paid[id] {
			want = 1
		}
		if seen[id] != want {
			w.t.Errorf("order %d is %d times in the join's files, want %d", id, seen[id], want)
		}
		delete(seen, id)
	}
	if len(seen) > 0 {
		w.t.Errorf("%d joined rows have no order", len(seen))
	}
}

func (w *crashWorld) verifyTotals(orders map[int64]map[string]any) {
	w.t.Helper()
	type total struct{ orders, amount int64 }
	want := map[string]total{}
	for id, row := range orders {
		start := time.UnixMilli((1_700_000_000_000 + id*7) / 2000 * 2000).UTC().Format("2006-01-02 15:04:05.000")
		key := start + row["customer"].(string)
		want[key] = total{want[key].orders + 1, want[key].amount + int64(row["amount"].(float64))}
	}
	for _, row := range w.query("SELECT * FROM totals;") {
		key := row["start"].(string) + row["customer"].(string)
		got := total{int64(row["orders"].(float64)), int64(row["amount"].(float64))}
		if want[key] != got {
			w.t.Errorf("window %s: %+v in the files, want %+v (or twice)", key, got, want[key])
		}
		delete(want, key)
	}
	for key := range want {
		w.t.Errorf("window %s is missing from the files", key)
	}
}
