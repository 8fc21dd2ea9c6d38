package wire

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// TestWrongTypesAreNamed gives each member something else, in both encodings: the answer
// names the member in the API's words, not in those of our program.
func TestWrongTypesAreNamed(t *testing.T) {
	h := newTestHandler(&Verifier{})
	text := func(contentType string, body []byte) string {
		t.Helper()
		w := post(h, "Echo_1.Echo", contentType, anyAuthorization, body)
		var e errorBody
		var err error
		if contentType == contentCBOR {
			err = cbor.Unmarshal(w.Body.Bytes(), &e)
		} else {
			err = json.Unmarshal(w.Body.Bytes(), &e)
		}
		if err != nil || e.Type != CodeSerialization {
			t.Errorf("% x: %+v, %v", body, e, err)
		}
		return e.Message
	}
	for _, c := range []struct {
		in         any
		json, cbor string
	}{
		{map[string]any{"Name": 3}, "member Name can't be of type number", "member Name can't be of type positive integer"},
		{map[string]any{"Name": "a", "Count": "1"}, "member Count can't be of type string", "member Count can't be of type UTF-8 text string"},
		{map[string]any{"Name": "a", "Count": 1.5}, "member Count must be a whole number of 64 bits", "member Count can't be of type primitives"},
		{map[string]any{"Name": "a", "Count": uint64(math.MaxUint64)}, "member Count must be a whole number of 64 bits", "member Count can't be of type positive integer"},
		{map[string]any{"Name": "a", "Data": "?"}, "member Data is not in base64", "member Data can't be of type UTF-8 text string"},
		{map[string]any{"Name": "a", "Tags": []string{"x"}}, "member Tags can't be of type array", "member Tags can't be of type array"},
		{[]string{"a"}, "the body can't be of type array: it is an object", ""},
		{5, "the body can't be of type number: it is an object", "the body can't be of type positive integer: it is an object"},
	} {
		j, err := json.Marshal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := cbor.Marshal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(contentJSON, j); got != c.json {
			t.Errorf("JSON %s: %s", j, got)
		}
		if got := text(contentCBOR, b); c.cbor != "" && got != c.cbor {
			t.Errorf("CBOR % x: %s", b, got)
		}
	}
}
