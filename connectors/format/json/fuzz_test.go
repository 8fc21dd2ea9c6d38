package json

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
)

// twinSchema is what records are decoded to in comparisons with encoding/json.
func twinSchema() types.Schema {
	f := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	return types.Schema{f("s", types.StringType()), f("i", types.Of(types.BigInt)), f("f", types.Of(types.Double)),
		f("r", types.RowOf(f("s", types.StringType()), f("i", types.Of(types.BigInt)))), f("l", types.ArrayOf(types.StringType()))}
}

// twin decodes a record with encoding/json and prints it the way printed does. ok
// is false for what is not an object; comparable is false for values whose
// conversion encoding/json has no word on.
func twin(record []byte) (text string, comparable, ok bool) {
	d := stdjson.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	var m map[string]any
	if !stdjson.Valid(record) || d.Decode(&m) != nil || m == nil {
		return "", true, false
	}
	var b strings.Builder
	for _, f := range twinSchema() {
		s, fine := twinValue(m[f.Name], f.Type)
		if !fine {
			return "", false, true
		}
		fmt.Fprintf(&b, "%s=%s ", f.Name, s)
	}
	return b.String(), true, true
}

func twinValue(v any, t types.Type) (text string, fine bool) {
	if v == nil {
		return "null", true
	}
	switch t.Kind {
	case types.Varchar:
		s, fine := v.(string)
		return strconv.Quote(s), fine
	case types.BigInt:
		n, isNumber := v.(stdjson.Number)
		i, err := strconv.ParseInt(string(n), 10, 64)
		return strconv.FormatInt(i, 10), isNumber && err == nil
	case types.Double:
		n, isNumber := v.(stdjson.Number)
		x, err := strconv.ParseFloat(string(n), 64)
		return strconv.FormatUint(math.Float64bits(x), 16), isNumber && err == nil
	case types.Row:
		m, fine := v.(map[string]any)
		text = "{"
		for _, f := range t.Fields {
			s, ok := twinValue(m[f.Name], f.Type)
			text, fine = text+s+" ", fine && ok
		}
		return text + "}", fine
	}
	l, fine := v.([]any)
	text = "["
	for _, e := range l {
		s, ok := twinValue(e, *t.Elem)
		text, fine = text+s+" ", fine && ok
	}
	return text + "]", fine
}

// printed decodes a record with the decoder under test.
func printed(t testing.TB, schema types.Schema, record []byte) (string, error) {
	t.Helper()
	d, err := Format{}.NewDecoder(codec.Config{Schema: schema, Options: connector.Options{}, Alloc: memory.DefaultAllocator, BatchRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Record(record); err != nil {
		return "", err
	}
	if d.Rows() != 1 {
		return "", fmt.Errorf("%d rows", d.Rows())
	}
	batch := d.Flush()
	defer batch.Release()
	var b strings.Builder
	for i, f := range schema {
		fmt.Fprintf(&b, "%s=%s ", f.Name, cell(batch.Column(i), 0))
	}
	return b.String(), nil
}

func cell(arr interface{ IsNull(int) bool }, i int) string {
	if arr.IsNull(i) {
		return "null"
	}
	switch a := arr.(type) {
	case *array.String:
		return strconv.Quote(a.Value(i))
	case *array.Int64:
		return strconv.FormatInt(a.Value(i), 10)
	case *array.Float64:
		return strconv.FormatUint(math.Float64bits(a.Value(i)), 16)
	case *array.Struct:
		return "{" + cell(a.Field(0), i) + " " + cell(a.Field(1), i) + " }"
	case *array.List:
		from, to := a.ValueOffsets(i)
		text := "["
		for k := from; k < to; k++ {
			text += cell(a.ListValues(), int(k)) + " "
		}
		return text + "]"
	}
	return "?"
}

// compare checks one record against the twin.
func compare(t testing.TB, record []byte) {
	t.Helper()
	if bytes.Count(record, []byte{'['})+bytes.Count(record, []byte{'{'}) > nestingMax/2 {
		return // deeper than is read
	}
	if trimmed := bytes.TrimLeft(record, " \t\r\n"); len(trimmed) == 0 || trimmed[0] == '[' {
		return // no record, or several
	}
	want, comparable, ok := twin(record)
	if _, err := printed(t, types.Schema{}, record); ok != (err == nil) {
		t.Fatalf("%q: an object: %v, but %v", record, ok, err)
	}
	got, err := printed(t, twinSchema(), record)
	if err != nil && repeats(record) {
		return // the first of equal keys must read, too, and the twin does not look at it
	}
	switch {
	case ok && comparable && (err != nil || got != want):
		t.Fatalf("%q: %v\n got %s\nwant %s", record, err, got, want)
	case !ok && err == nil:
		t.Fatalf("%q: decodes to %s, and is no object", record, got)
	}
}

// repeats reports a record that may hold a wanted key twice.
func repeats(record []byte) bool {
	for _, f := range twinSchema() {
		if bytes.Count(record, []byte(f.Name+`"`)) > 1 {
			return true
		}
	}
	return bytes.Contains(record, []byte(`\u00`))
}

func seeds() []string {
	return []string{
		`{"s":"a","i":1,"f":1.5,"r":{"s":"b","i":-2},"l":["x",null]}`, `{"l":[],"r":{},"f":1e5,"i":9223372036854775807,"s":""}`,
		`{"s":"\u00e9\ud83d\ude00\ud800x\n\"\\","x":[{"y":[1,2.5e-3,true,false,null]}]}`, ` { "i" : 0 , "f" : -0.0 } `, `{"f":0.1,"f":123456789012345,"f":1234567890.12345}`,
		`{"s":null,"i":null,"r":null}`, `{"f":2.2250738585072011e-308,"i":-9223372036854775808}`, "{\"s\":\"\xff\xc3\x28é\"}", `{"i":01}`, `{"a":[1,{"b":"]"}],"i":3}`, `{}x`,
	}
}

// TestAgreesWithTheStandardLibrary mutates seeds at random.
func TestAgreesWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	const alphabet = `{}[]:,"\0123456789.eE+-untrfalsi /` + "\n\t\x00\x7f\xe9"
	for range 15000 {
		b := []byte(seeds()[r.Intn(len(seeds()))])
		for range r.Intn(4) {
			i := r.Intn(len(b))
			switch r.Intn(3) {
			case 0:
				b[i] = alphabet[r.Intn(len(alphabet))]
			case 1:
				b = append(b[:i], b[i+1:]...)
			case 2:
				b = append(b[:i], append([]byte{alphabet[r.Intn(len(alphabet))]}, b[i:]...)...)
			}
			if len(b) == 0 {
				b = []byte{' '}
			}
		}
		compare(t, b)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, record []byte) { compare(t, record) })
}

// TestFloatsAgreeWithTheStandardLibrary compares every bit of random numbers.
func TestFloatsAgreeWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 5000 {
		text := strconv.FormatFloat(r.NormFloat64()*math.Pow10(r.Intn(20)-10), "fge"[r.Intn(3)], r.Intn(18)-1, 64)
		compare(t, []byte(`{"f":`+text+`}`))
	}
}

// TestStringsAgreeWithTheStandardLibrary reads written strings back with it.
func TestStringsAgreeWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 20000 {
		b := make([]byte, r.Intn(40))
		for i := range b {
			b[i] = byte('a' + r.Intn(26))
			if r.Intn(12) == 0 {
				b[i] = byte(r.Intn(256))
			}
		}
		var got string
		text := AppendString(nil, string(b))
		if err := stdjson.Unmarshal(text, &got); err != nil || got != strings.ToValidUTF8(eachInvalid(string(b)), "") {
			t.Fatalf("%q is written %s, which reads %q, %v", b, text, got, err)
		}
	}
}

// eachInvalid replaces each invalid byte by U+FFFD.
func eachInvalid(s string) string { return string([]rune(s)) }
