package json

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// schemas are the tables of the golden cases, by name: they hold types that the
// text form of schemas does not.
func schemas() map[string]types.Schema {
	f := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	return map[string]types.Schema{
		"ints":   {f("i1", types.Of(types.TinyInt)), f("i4", types.Of(types.Int)), f("i8", types.Of(types.BigInt))},
		"texts":  {f("s", types.StringType()), f("b", types.Of(types.Boolean)), f("x", types.BytesType())},
		"floats": {f("f", types.Of(types.Double)), f("g", types.Of(types.Float)), f("d", types.DecimalOf(5, 2))},
		"times":  {f("day", types.Of(types.Date)), f("t", types.TimeOf(0)), f("at", types.TimestampOf(3)), f("z", types.TimestampLTZOf(3))},
		"nested": {f("r", types.RowOf(f("a", types.Of(types.Int)), f("b", types.RowOf(f("c", types.StringType()))))),
			f("l", types.ArrayOf(types.Of(types.Int))), f("m", types.MapOf(types.StringType(), types.Of(types.Int)))},
		"strict": {f("a", types.Of(types.Int).NotNull()), f("b", types.StringType())},
		"keys":   {f("m", types.MapOf(types.Of(types.Int), types.ArrayOf(types.StringType())))},
	}
}

// TestGolden decodes lines and encodes the rows again. Arguments: the schema, and
// options without their prefix; message takes the input as one message.
func TestGolden(t *testing.T) {
	datadriven.RunTest(t, "testdata/json", func(t *testing.T, d *datadriven.TestData) string {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer alloc.AssertSize(t, 0)
		c := codec.Config{Schema: schemas()[d.CmdArgs[0].Key], Alloc: alloc, BatchRows: 100, Lines: true}
		var kv []string
		for _, arg := range d.CmdArgs[1:] {
			kv = append(kv, "json."+arg.Key, arg.Vals[0])
		}
		c.Options = options(t, kv...)
		dec, err := Format{}.NewDecoder(c)
		if err != nil {
			return err.Error()
		}
		defer dec.Close()
		var b strings.Builder
		if d.Cmd == "message" {
			if err := dec.Record([]byte(d.Input)); err != nil {
				fmt.Fprintf(&b, "bad: %s\n", err)
			}
		} else if _, _, err := dec.Lines([]byte(d.Input), true, func(bad codec.Bad) error {
			fmt.Fprintf(&b, "bad line %d, byte %d: %s\n", bad.Line+1, bad.Offset, bad.Reason)
			return nil
		}); err != nil {
			return err.Error()
		}
		batch := dec.Flush()
		defer batch.Release()
		b.WriteString(encoded(t, c, batch))
		return b.String()
	})
}

func encoded(t testing.TB, c codec.Config, batch stream.Batch) string {
	t.Helper()
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	out, ends, err := e.Encode(nil, nil, batch)
	if err != nil {
		return err.Error() + "\n"
	}
	if len(ends) != batch.Rows() || len(ends) > 0 && ends[len(ends)-1] != len(out) {
		t.Errorf("%d ends for %d rows", len(ends), batch.Rows())
	}
	return string(out)
}
