package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/cmd/internal/cli"
	"github.com/thalweg/thalweg/examples"
)

// TestQuickstartPrintsWhatTheReadmeShows runs the first command of the README, as
// in a clone and as with the binary alone.
func TestQuickstartPrintsWhatTheReadmeShows(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	want := readText(t, filepath.Join(root, "examples", "quickstart.expected"))
	head := strings.Join(strings.SplitAfter(want, "\n")[:9], "")
	if shown := readText(t, filepath.Join(root, "README.md")); !strings.Contains(shown, head+"…\n38 rows\n") {
		t.Error("the README does not show the head of examples/quickstart.expected")
	}
	for _, dir := range []string{root, t.TempDir()} {
		t.Chdir(dir)
		got := runMain([]string{"run", "examples/quickstart.sql"}, "")
		if text := elapsed.ReplaceAllString(got.out, "$1"); got.code != cli.ExitDone || text != want {
			t.Errorf("in %s: exit %d\n%s%s", dir, got.code, text, got.err)
		}
	}
}

// TestExamplesRunFromAnEmptyFolder runs all of them with what the binary carries.
func TestExamplesRunFromAnEmptyFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range examples.Names() {
		args := []string{"run", "examples/" + name}
		if name == "export.sql" {
			args = append(args, "-D", "OUT="+filepath.Join(t.TempDir(), "departures"))
		}
		got := runMain(args, "")
		if got.code != cli.ExitDone || strings.Contains(got.err, "warning") {
			t.Errorf("%s: exit %d\n%s%s", name, got.code, got.out, got.err)
		}
		if name != "export.sql" && strings.Count(got.out, "\n") < 4 {
			t.Errorf("%s printed hardly anything:\n%s", name, got.out)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind in the working directory: %v %v", left, err)
	}
}

// TestExportIsReadBack reads the Parquet files of the export example.
func TestExportIsReadBack(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := runMain([]string{"run", "-D", "OUT=departures", "examples/export.sql"}, ""); got.code != cli.ExitDone {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	const script = `
CREATE TABLE departures (departure TIMESTAMP(3), origin STRING, delay INT, speed_class STRING, state STRING)
PARTITIONED BY (state) WITH ('connector' = 'filesystem', 'path' = 'departures', 'format' = 'parquet');
SELECT COUNT(*) AS n, COUNT(DISTINCT state) AS states, MIN(departure) AS earliest FROM departures`
	got := runMain([]string{"run", "--format=csv", "-"}, script)
	folders, err := filepath.Glob("departures/state=*")
	if err != nil {
		t.Fatal(err)
	}
	const want = "n,states,earliest\n5000,51,2001-01-01 01:10:00.000\n"
	if got.code != cli.ExitDone || got.out != want || len(folders) == 0 {
		t.Errorf("exit %d\n%s%s\n%d folders", got.code, got.out, got.err, len(folders))
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
