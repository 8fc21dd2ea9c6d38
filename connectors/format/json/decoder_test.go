package json

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
)

func options(t testing.TB, kv ...string) connector.Options {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	o, err := Format{}.Spec().Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func bidSchema() types.Schema {
	ts := types.TimestampOf(3)
	bid := types.RowOf(types.Field{Name: "auction", Type: types.Of(types.BigInt)}, types.Field{Name: "bidder", Type: types.Of(types.BigInt)},
		types.Field{Name: "price", Type: types.Of(types.BigInt)}, types.Field{Name: "channel", Type: types.StringType()},
		types.Field{Name: "url", Type: types.StringType()}, types.Field{Name: "at", Type: ts}, types.Field{Name: "extra", Type: types.StringType()})
	return types.Schema{{Name: "event_type", Type: types.Of(types.Int)}, {Name: "bid", Type: bid}}
}

func bidLines(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"event_type":2,"person":null,"auction":null,"bid":{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/abc/def/ghi/item.htm?query=1&channel_id=%d","at":"2015-07-15 00:00:%02d.%03d","extra":"%s"}}`+"\n",
			1000+i%977, 1000+i%331, i*7, i%1000, i*31, i%60, i%1000, strings.Repeat("abcdefg", 5+i%9))
	}
	return []byte(b.String())
}

// cpuSeconds is the processor time that the process has used: a measure that other
// work on the machine disturbs less.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func BenchmarkDecode(b *testing.B) {
	data := bidLines(20000)
	all := bidSchema()
	some := types.Schema{{Name: "bid", Type: types.RowOf(all[1].Type.Fields[0], all[1].Type.Fields[2])}}
	for name, wanted := range map[string]types.Schema{"all": all, "pruned": some} {
		b.Run(name, func(b *testing.B) {
			d, err := Format{}.NewDecoder(codec.Config{Schema: all, Columns: wanted, Options: options(b), Alloc: memory.DefaultAllocator, BatchRows: 4096})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			rows, started := 0, cpuSeconds()
			for b.Loop() {
				rest := data
				for len(rest) > 0 {
					n, _, err := d.Lines(rest, true, func(bad codec.Bad) error { return fmt.Errorf("%s", bad.Reason) })
					if err != nil {
						b.Fatal(err)
					}
					rest = rest[n:]
					rows += d.Rows()
					d.Flush().Release()
				}
			}
			cpu := cpuSeconds() - started
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(rows)/20000*float64(len(data))/1e6/cpu, "MB/cpu-s")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	data := bidLines(4096)
	c := codec.Config{Schema: bidSchema(), Options: options(b), Alloc: memory.DefaultAllocator, BatchRows: 4096, Lines: true}
	d, err := Format{}.NewDecoder(c)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	if _, _, err := d.Lines(data, true, func(bad codec.Bad) error { return fmt.Errorf("%s", bad.Reason) }); err != nil {
		b.Fatal(err)
	}
	batch := d.Flush()
	defer batch.Release()
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	var ends []int
	b.ReportAllocs()
	started := cpuSeconds()
	for b.Loop() {
		if out, ends, err = e.Encode(out[:0], ends[:0], batch); err != nil {
			b.Fatal(err)
		}
	}
	cpu := cpuSeconds() - started
	b.SetBytes(int64(len(out)))
	b.ReportMetric(float64(b.N)*float64(len(out))/1e6/cpu, "MB/cpu-s")
	b.ReportMetric(float64(b.N)*4096/b.Elapsed().Seconds(), "rows/s")
}
