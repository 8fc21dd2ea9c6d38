package guest

import (
	"reflect"
	"testing"
)

type plain struct {
	Low, High float64
	Seen      [3]bool
}

type list struct{ Values []string }

// roundTrip keeps a state and reads it back.
func roundTrip[S any](t *testing.T, c codec[S], s S, wantBytes int) {
	t.Helper()
	kept := c.encode([]byte("x"), &s)[1:]
	if len(kept) != wantBytes {
		t.Errorf("%+v takes %d bytes, not %d: %q", s, len(kept), wantBytes, kept)
	}
	var back S
	if c.read(kept, &back); !reflect.DeepEqual(s, back) {
		t.Errorf("%+v comes back as %+v", s, back)
	}
	var none S
	if c.read(nil, &none); !reflect.DeepEqual(none, *new(S)) {
		t.Errorf("no bytes are %+v", none)
	}
}

func TestStatesComeBack(t *testing.T) {
	roundTrip(t, codecOf[plain](nil, nil), plain{1.5, -2, [3]bool{true, false, true}}, 24)
	roundTrip(t, codecOf[list](nil, nil), list{[]string{"a", "b"}}, len(`{"Values":["a","b"]}`))
	roundTrip(t, codecOf[[300]bool](nil, nil), [300]bool{true}, len("[true")+299*len(",false")+1)
	roundTrip(t, codecOf(
		func(dst []byte, s *list) []byte { return append(dst, s.Values[0]...) },
		func(data []byte, s *list) { s.Values = []string{string(data)} },
	), list{[]string{"abc"}}, 3)
}

func TestAStateOfAnotherLayoutIsRefused(t *testing.T) {
	for _, kept := range []string{"short", "a state that is much longer than it should be"} {
		func() {
			defer func() {
				if got := recover(); got != "the state is of another version of the module" {
					t.Errorf("%q: %v", kept, got)
				}
			}()
			codecOf[plain](nil, nil).read([]byte(kept), &plain{})
			t.Errorf("%q is read", kept)
		}()
	}
}
