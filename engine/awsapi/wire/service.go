package wire

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Service is a service of the API: the actions behind one target prefix.
type Service struct {
	// Target is the prefix of the X-Amz-Target header, such as Kinesis_20131202.
	Target string
	// Name is what signatures call the service, such as kinesis.
	Name    string
	actions map[string]action
	shapes  map[string]shape
	before  func(action string) error
}

// NewService makes a service without actions.
func NewService(target, name string) *Service {
	return &Service{Target: target, Name: name, actions: map[string]action{}, shapes: map[string]shape{}, before: func(string) error { return nil }}
}

// Before sets what runs before each action, and may refuse it.
func (s *Service) Before(check func(action string) error) { s.before = check }

// Actions lists the names of all actions in order.
func (s *Service) Actions() []string { return slices.Sorted(maps.Keys(s.actions)) }

// shape is what an action takes and gives.
type shape struct{ input, output reflect.Type }

// Shapes gives the struct types of an action's input and output; an action that
// answers with events has no output type.
func (s *Service) Shapes(action string) (input, output reflect.Type) {
	sh := s.shapes[action]
	return sh.input, sh.output
}

// Call is one request: what an action may know of it besides its input.
type Call struct {
	// Region is that of the credential, or the server's own.
	Region string
	// AccessKey is the id of the caller's credential.
	AccessKey string
	// Codec is the request's encoding.
	Codec Codec
}

// action decodes, runs and answers a call.
type action func(ctx context.Context, call Call, body []byte, w http.ResponseWriter) error

// Handle adds an action: a function from a checked input to an output. A nil
// output answers with an empty body.
func Handle[In, Out any](s *Service, name string, do func(context.Context, Call, *In) (*Out, error)) {
	s.shapes[name] = shape{reflect.TypeFor[In](), reflect.TypeFor[Out]()}
	s.actions[name] = func(ctx context.Context, call Call, body []byte, w http.ResponseWriter) error {
		in, err := read[In](call.Codec, body)
		if err != nil {
			return err
		}
		out, err := do(ctx, call, in)
		if err != nil {
			return err
		}
		return answer(w, call.Codec, out)
	}
}

// HandleStream adds an action that answers with events. start checks the call;
// what it gives runs when the answer has begun, and its error ends the stream.
func HandleStream[In any](s *Service, name string, start func(context.Context, Call, *In) (func(*EventStream) error, error)) {
	s.shapes[name] = shape{input: reflect.TypeFor[In]()}
	s.actions[name] = func(ctx context.Context, call Call, body []byte, w http.ResponseWriter) error {
		in, err := read[In](call.Codec, body)
		if err != nil {
			return err
		}
		run, err := start(ctx, call, in)
		if err != nil {
			return err
		}
		// Also for a client that has gone already: run gives free what start took.
		stream := newEventStream(call.Codec, w)
		if err := run(stream); err != nil && ctx.Err() == nil {
			// A client that has gone can't be told.
			_ = stream.Fail(err)
		}
		return nil
	}
}

// read decodes and checks an input.
func read[In any](codec Codec, body []byte) (*In, error) {
	in := new(In)
	if err := codec.unmarshal(body, in); err != nil {
		return nil, err
	}
	return in, validate(in)
}

// Noted is an answer that has something to say which its shape has no room for: it
// goes into a header, which AWS's clients pass over. Nothing is said by "".
type Noted interface{ Note() (header, text string) }

func note(w http.ResponseWriter, out any) {
	if noted, ok := out.(Noted); ok {
		if header, text := noted.Note(); text != "" {
			w.Header().Set(header, strings.Join(strings.Fields(text), " "))
		}
	}
}

// answer writes an output; nothing for nil.
func answer[Out any](w http.ResponseWriter, codec Codec, out *Out) error {
	w.Header().Set("Content-Type", codec.ContentType)
	if out == nil {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	note(w, out)
	body, err := codec.Marshal(out)
	if err != nil {
		return err
	}
	return writeBody(w, http.StatusOK, body)
}
