package filesystem

import (
	"context"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
)

// overwriteTable is a table partitioned by a, overwritten with options.
func overwriteTable(t testing.TB, c *Connector, partitioned bool, options ...string) connector.Table {
	table := tableOf(t, c, "a BIGINT, s STRING", append([]string{"path", "/out", "format", "csv", "partition.default-name", "none"}, options...)...)
	if partitioned {
		table.PartitionKeys = []string{"a"}
	}
	return table
}

func sortedRows(t testing.TB, c *Connector, table connector.Table) []string {
	t.Helper()
	rows, err := readAll(t, c, table, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

func TestOverwriteReplacesAtTheEnd(t *testing.T) {
	for _, test := range []struct {
		name        string
		partitioned bool
		options     []string
		want        []string
	}{
		{"a table", false, nil, []string{"+I a=2 s=new", "+I a=4 s=new"}},
		{"the partitions written", true, nil, []string{"+I a=1 s=old", "+I a=2 s=new", "+I a=3 s=old", "+I a=4 s=new"}},
		{"the partition named", true, []string{optionReplaced + "a", "3"}, []string{"+I a=1 s=old", "+I a=2 s=new", "+I a=2 s=old", "+I a=4 s=new"}},
	} {
		c := testConnector(vfs.NewMem())
		plain := overwriteTable(t, c, test.partitioned)
		before := newTask(t, c, plain, "before")
		before.must(before.write("+ a=1 s=old", "+ a=2 s=old", "+ a=3 s=old"))
		before.checkpoint(1)
		old := sortedRows(t, c, plain)

		k := newTask(t, c, overwriteTable(t, c, test.partitioned, append(test.options, optionOverwrite, "true")...), "job")
		k.must(k.write("+ a=2 s=new"))
		k.checkpoint(1)
		k.must(k.write("+ a=4 s=new"))
		k.checkpoint(2)
		if got := sortedRows(t, c, plain); !slices.Equal(got, old) {
			t.Errorf("%s: before the end there is %q", test.name, got)
		}
		p, err := k.writer.Prepare(context.Background(), 3, true)
		k.must(err)
		for range 2 { // as after a crash
			k.must(k.commit.Commit(context.Background(), 3, p.Committables))
			if got := sortedRows(t, c, plain); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	}
}

// TestOverwriteGoesOnAfterAnyFailure lets the k-th change of the last commit fail, and
// commits again.
func TestOverwriteGoesOnAfterAnyFailure(t *testing.T) {
	for fail := 0; ; fail++ {
		mem := vfs.NewMem()
		left, armed := fail, false
		fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if !armed || op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
				return nil
			}
			if left--; left == -1 {
				return errorfs.ErrInjected
			}
			return nil
		}))
		c := NewWith(fs, format.Builtin(), &manualClock{})
		plain := overwriteTable(t, c, true)
		before := newTask(t, c, plain, "before")
		before.must(before.write("+ a=1 s=old", "+ a=2 s=old", "+ a=3 s=old"))
		before.checkpoint(1)
		k := newTask(t, c, overwriteTable(t, c, true, optionOverwrite, "true"), "job")
		k.must(k.write("+ a=2 s=new", "+ a=3 s=new"))
		k.checkpoint(1)
		k.must(k.write("+ a=2 s=newer"))
		p, err := k.writer.Prepare(context.Background(), 2, true)
		k.must(err)
		armed = true
		failed := k.commit.Commit(context.Background(), 2, p.Committables)
		armed = false
		k.must(k.commit.Commit(context.Background(), 2, p.Committables))
		want := []string{"+I a=1 s=old", "+I a=2 s=new", "+I a=2 s=newer", "+I a=3 s=new"}
		if got := sortedRows(t, c, plain); !slices.Equal(got, want) {
			t.Errorf("failing at change %d: got %q, want %q", fail, got, want)
		}
		if failed == nil {
			if fail < 3 {
				t.Errorf("only %d changes", fail)
			}
			return
		}
	}
}
