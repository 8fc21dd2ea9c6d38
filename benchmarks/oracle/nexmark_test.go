package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	events = 30_000
	// rate spreads the events over 150 s of event time: many windows, and in one
	// split no two bids in the same millisecond.
	rate = 200
)

// circumstances are settings that must not change any result.
type circumstances struct {
	parallelism int
	batchRows   int
	checkpoints string
}

func (c circumstances) String() string {
	return fmt.Sprintf("p=%d,batch=%d,checkpoints=%s", c.parallelism, c.batchRows, c.checkpoints)
}

func allCircumstances() []circumstances {
	var all []circumstances
	for _, parallelism := range []int{1, 2, 4} {
		for _, batch := range []int{1, 37, 512, 8192} {
			for _, checkpoints := range []string{"0s", "20ms"} {
				all = append(all, circumstances{parallelism, batch, checkpoints})
			}
		}
	}
	if testing.Short() {
		return []circumstances{{1, 512, "20ms"}, {2, 37, "0s"}, {4, 8192, "20ms"}}
	}
	return all
}

// TestNexmarkEqualsBatch runs every script with `thalweg run` under all
// circumstances, and compares what it prints with SQLite over the same events.
func TestNexmarkEqualsBatch(t *testing.T) {
	registerFunctions(t)
	binary := buildBinary(t)
	for _, parallelism := range []int{1, 2, 4} {
		// The source has as many splits as tasks, and each makes events of its own.
		db := loadEvents(t, events, rate, parallelism)
		for _, query := range sortedNames() {
			want := queryRows(t, db, batchQueries[query])
			if len(want) == 0 {
				t.Errorf("%s: the batch result is empty, so it proves nothing", query)
			}
			for _, c := range allCircumstances() {
				if c.parallelism != parallelism {
					continue
				}
				t.Run(query+"/"+c.String(), func(t *testing.T) {
					got := runScript(t, binary, query, c)
					compare(t, query, parallelism, got, want)
				})
			}
		}
	}
}

func sortedNames() []string {
	var names []string
	for name := range batchQueries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// buildBinary builds the program under test.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "thalweg")
	build := exec.Command("go", "build", "-o", binary, "./cmd/thalweg")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// runScript runs a query's script with its INSERT made a SELECT, so that the
// result is printed, and reads it back.
func runScript(t *testing.T, binary, query string, c circumstances) [][]string {
	t.Helper()
	text, err := os.ReadFile("../nexmark/queries/" + query + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), query+".sql")
	selecting := strings.Replace(string(text), "INSERT INTO result\n", "", 1)
	if selecting == string(text) {
		t.Fatal("the script has no INSERT INTO result")
	}
	if err := os.WriteFile(script, []byte(selecting), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run", script, "--format", "json", "--parallelism", strconv.Itoa(c.parallelism),
		"--batch-rows", strconv.Itoa(c.batchRows), "--checkpoint-interval", c.checkpoints,
		"-D", "EVENTS="+strconv.Itoa(events), "-D", "RATE="+strconv.Itoa(rate))
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	var rows [][]string
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rows = append(rows, objectValues(t, lines.Bytes()))
	}
	return rows
}

// objectValues reads a JSON object's values in order, as texts.
func objectValues(t *testing.T, line []byte) []string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var row []string
	for i := -1; decoder.More() || i < 0; i++ {
		token, err := decoder.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if i >= 0 && i%2 == 1 {
			row = append(row, fmt.Sprint(token))
		}
	}
	return row
}

// compare compares two bags of rows. Where ties make several results right, the
// columns that ties leave open are compared only as far as they must be.
func compare(t *testing.T, query string, parallelism int, got, want [][]string) {
	t.Helper()
	if keys := tieKeys[query]; keys != nil && parallelism > 1 {
		got, want = pick(got, keys), pick(want, keys)
	}
	counts := map[string]int{}
	for _, row := range want {
		counts[strings.Join(row, "|")]++
	}
	for _, row := range got {
		counts[strings.Join(row, "|")]--
	}
	shown := 0
	for row, n := range counts {
		if n == 0 {
			continue
		}
		if shown++; shown > 10 {
			t.Fatal("and more")
		}
		if n > 0 {
			t.Errorf("missing %d times: %s", n, row)
		} else {
			t.Errorf("%d times too many: %s", -n, row)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

func pick(rows [][]string, keys []int) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, k := range keys {
			out[i] = append(out[i], row[k])
		}
	}
	return out
}
