package kinesis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/fxamacker/cbor/v2"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/kinesis"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// sdkDir is the folder of AWS's SDK for Kinesis in the module cache: it holds a
// recorded request and answer of each action.
func sdkDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/kinesis").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func service(t *testing.T) *wire.Service {
	t.Helper()
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return kinesis.New(store, kinesis.Options{}).Wire()
}

// snapshots reads the bodies of the SDK's recordings, by action.
func snapshots(t *testing.T, kind string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sdkDir(t), kind+"_snapshot", "*."+kind+".snap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		body := raw[bytes.LastIndexByte(raw, '\n')+1:]
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		out[name] = body
	}
	return out
}

// TestEveryActionOfTheSDKIsServed compares with the newest SDK's list.
func TestEveryActionOfTheSDKIsServed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sdkDir(t), "api_op_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "api_op_"), ".go")
		want = append(want, name)
	}
	slices.Sort(want)
	if got := service(t).Actions(); !slices.Equal(got, want) || len(want) < 45 {
		t.Errorf("served are %v, the SDK has %v", got, want)
	}
}

// TestSDKRequestsDecodeMemberByMember decodes each recorded request, as JSON and as
// CBOR, and writes it again: nothing may be lost but StreamId, which is reserved.
func TestSDKRequestsDecodeMemberByMember(t *testing.T) {
	s := service(t)
	for action, body := range snapshots(t, "request") {
		input, _ := s.Shapes(action)
		if input == nil {
			t.Errorf("%s is not served", action)
			continue
		}
		compareShape(t, action, body, input)
	}
}

// TestSDKAnswersEncodeMemberByMember does the same with each recorded answer.
func TestSDKAnswersEncodeMemberByMember(t *testing.T) {
	s := service(t)
	for action, body := range snapshots(t, "response") {
		_, output := s.Shapes(action)
		if output == nil {
			t.Errorf("%s is not served", action)
			continue
		}
		compareShape(t, action, body, output)
	}
}

func compareShape(t *testing.T, action string, body []byte, shape reflect.Type) {
	t.Helper()
	if len(body) == 0 {
		body = []byte("{}")
	}
	want := tree(t, body)
	for name, codec := range map[string]struct {
		decode func([]byte, any) error
		encode func(any) ([]byte, error)
	}{
		"JSON": {json.Unmarshal, json.Marshal},
		"CBOR": {func(b []byte, v any) error {
			if err := json.Unmarshal(b, v); err != nil {
				return err
			}
			encoded, err := cbor.Marshal(v)
			if err != nil {
				return err
			}
			reflect.ValueOf(v).Elem().SetZero()
			return cbor.Unmarshal(encoded, v)
		}, json.Marshal},
	} {
		value := reflect.New(shape).Interface()
		if err := codec.decode(body, value); err != nil {
			t.Errorf("%s in %s: %v", action, name, err)
			continue
		}
		again, err := codec.encode(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range diff("", want, tree(t, again)) {
			t.Errorf("%s in %s: %s", action, name, line)
		}
	}
}

func tree(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// diff lists the members of want that got has not.
func diff(path string, want, got any) (lines []string) {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name, value := range w {
			if name != "StreamId" {
				lines = append(lines, diff(path+"."+name, value, g[name])...)
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return []string{fmt.Sprintf("%s has %d elements, want %d", path, len(g), len(w))}
		}
		for i := range w {
			lines = append(lines, diff(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])...)
		}
	default:
		if want != got {
			return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
		}
	}
	return lines
}
