package wire

import (
	"encoding/json"
	"errors"
	"mime"
	"reflect"
	"strings"

	"github.com/fxamacker/cbor/v2"
	fastjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The content types of bodies. The older two names of each are in use as well.
const (
	contentJSON = "application/x-amz-json-1.1"
	contentCBOR = "application/x-amz-cbor-1.1"
)

// Codec is how a request's body is encoded; its answer is encoded likewise, errors
// included.
type Codec struct {
	// ContentType is the request's, and so the answer's.
	ContentType string
	cbor        bool
}

// codecOf finds the codec for a content type.
func codecOf(contentType string) (Codec, bool) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return Codec{}, false
	}
	switch media {
	case contentJSON, "application/x-amz-json-1.0", "application/json":
		return Codec{ContentType: media}, true
	case contentCBOR, "application/cbor":
		return Codec{ContentType: media, cbor: true}, true
	}
	return Codec{}, false
}

// Marshal encodes an output. Absent members are left out, never null.
func (c Codec) Marshal(v any) ([]byte, error) {
	if c.cbor {
		return cbor.Marshal(v)
	}
	return json.Marshal(v)
}

// nestingMax bounds the depth of a request.
const nestingMax = 32

// decoding reads CBOR as Java's encoder writes it: maps, arrays and strings of
// indefinite length among them.
var decoding = newDecoding()

func newDecoding() cbor.DecMode {
	mode, err := cbor.DecOptions{
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive, MaxNestedLevels: nestingMax,
		IndefLength: cbor.IndefLengthAllowed,
	}.DecMode()
	if err != nil {
		panic("wire: " + err.Error())
	}
	return mode
}

// unmarshal decodes an input; unknown members are ignored, as the API promises.
func (c Codec) unmarshal(b []byte, v any) error {
	if len(b) == 0 {
		return nil
	}
	var err error
	if c.cbor {
		err = decoding.Unmarshal(b, v)
	} else {
		err = fastjson.Unmarshal(b, v, readingJSON())
	}
	if err == nil {
		return nil
	}
	return Errorf(CodeSerialization, "%s", describeDecoding(err))
}

// readingJSON reads in one pass, which is several times as fast as the standard
// library's decoder on the base64 of records. Member names are case-sensitive, as
// AWS has them.
func readingJSON() fastjson.Options {
	return fastjson.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// describeDecoding names the member that has the wrong type.
func describeDecoding(err error) string {
	var wrong *fastjson.SemanticError
	if errors.As(err, &wrong) && wrong.GoType != nil {
		return describeType(wrong.JSONPointer.LastToken(), kindName(wrong.JSONKind), wrong.GoType)
	}
	var typed *cbor.UnmarshalTypeError
	if errors.As(err, &typed) {
		path := strings.Split(typed.StructFieldName, ".")
		return describeType(path[len(path)-1], typed.CBORType, nil)
	}
	return err.Error()
}

// describeType says that a member, or the body if it has no name, is of a wrong kind. want
// is nil where kinds say enough: CBOR's are those of its values.
func describeType(member, kind string, want reflect.Type) string {
	switch {
	case member == "":
		return "the body can't be of type " + kind + ": it is an object"
	case want != nil && kind == "string" && want.Kind() == reflect.Slice && want.Elem().Kind() == reflect.Uint8:
		return "member " + member + " is not in base64"
	case want != nil && kind == "number" && want.Kind() == reflect.Int64:
		return "member " + member + " must be a whole number of 64 bits"
	}
	return "member " + member + " can't be of type " + kind
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	}
	return "value"
}
