package filesystem

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/operators/stream"
)

const contractSchema = "k BIGINT, s STRING, at TIMESTAMP(3), day DATE"

// contractBatch makes the n-th batch of distinct rows.
func contractBatch(t testing.TB, table connector.Table, n int) stream.Batch {
	var lines []string
	for i := range 23 {
		line := fmt.Sprintf("+ k=%d s='text, \"%d\"' day=2024-01-0%d", n*100+i, i, 1+i%3)
		if i%5 == 0 {
			line = fmt.Sprintf("+ k=%d day=2024-01-0%d", n*100+i, 1+i%3)
		}
		lines = append(lines, line)
	}
	b, err := stream.ParseRows(memory.DefaultAllocator, table.Schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// variants are the formats and compressions under test.
var variants = map[string][]string{
	"json": nil, "csv": {"csv.null-literal", "NULL"}, "parquet": nil, "arrow": nil,
	"json gzip": {"compression", "gzip"}, "csv zstd header": {"compression", "zstd", "csv.header", "true", "csv.null-literal", "NULL"},
}

func contractTable(t testing.TB, c *Connector, variant string, more ...string) connector.Table {
	name, _, _ := strings.Cut(variant, " ")
	options := append([]string{"path", "/data", "format", name}, variants[variant]...)
	table := tableOf(t, c, contractSchema, append(options, more...)...)
	table.PartitionKeys = []string{"day"}
	return table
}

func TestSourceContract(t *testing.T) {
	for variant := range variants {
		t.Run(variant, func(t *testing.T) {
			fs := vfs.NewMem()
			c := testConnector(fs)
			table := contractTable(t, c, variant)
			k := newTask(t, c, table, "j")
			for n := range 2 {
				b := contractBatch(t, table, n)
				k.must(k.writer.Write(t.Context(), b))
				b.Release()
				k.checkpoint(uint64(n + 1))
			}
			schema := table.Schema
			connectortest.RunSource(t, connectortest.Source{
				Make: func(t testing.TB) connector.Source {
					s, err := c.Source(contractTable(t, c, variant, "source.split-size", "300b"))
					if err != nil {
						t.Fatal(err)
					}
					return s
				},
				Schema: schema, Rows: 46, Pruned: schema[1:2], Parallelism: 2,
			})
		})
	}
}

func TestSinkContract(t *testing.T) {
	for variant := range variants {
		t.Run(variant, func(t *testing.T) {
			var c *Connector
			table := func(t testing.TB) connector.Table { return contractTable(t, c, variant) }
			connectortest.RunSink(t, connectortest.Sink{
				Make: func(t testing.TB) func() connector.Sink {
					c = testConnector(vfs.NewMem())
					put(t, c.fs, "/data/_marker", "")
					return func() connector.Sink {
						s, err := c.Sink(table(t))
						if err != nil {
							t.Fatal(err)
						}
						return s
					}
				},
				Batch: func(t testing.TB, n int) stream.Batch { return contractBatch(t, table(t), n) },
				Visible: func(t testing.TB) []string {
					rows, err := readAll(t, c, table(t), 10, nil)
					if err != nil {
						t.Fatal(err)
					}
					return rows
				},
			})
		})
	}
}
