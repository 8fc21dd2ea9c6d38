package guest

import (
	"encoding/json"
	"reflect"
	"unsafe"
)

// codec turns states into bytes and back.
type codec[S any] struct {
	encode func(dst []byte, s *S) []byte
	decode func(data []byte, s *S)
}

// plainBytesMax is the greatest state that is kept as it lies in memory.
const plainBytesMax = 256

// codecOf chooses how states are kept; what the author gives goes first.
func codecOf[S any](encode func(dst []byte, s *S) []byte, decode func(data []byte, s *S)) codec[S] {
	t := reflect.TypeFor[S]()
	switch {
	case encode != nil && decode != nil:
		return codec[S]{encode, decode}
	case t.Size() > 0 && t.Size() <= plainBytesMax && pointerless(t):
		return codec[S]{
			func(dst []byte, s *S) []byte { return append(dst, memoryOf(s)...) },
			func(data []byte, s *S) {
				if int(t.Size()) != len(data) {
					panic("the state is of another version of the module")
				}
				copy(memoryOf(s), data)
			},
		}
	}
	return codec[S]{
		func(dst []byte, s *S) []byte {
			b, err := json.Marshal(s)
			if err != nil {
				panic(err)
			}
			return append(dst, b...)
		},
		func(data []byte, s *S) {
			if err := json.Unmarshal(data, s); err != nil {
				panic(err)
			}
		},
	}
}

func memoryOf[S any](s *S) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)) }

func pointerless(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return pointerless(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !pointerless(t.Field(i).Type) {
				return false
			}
		}
		return true
	default:
		return k >= reflect.Bool && k <= reflect.Complex128 && k != reflect.Uintptr
	}
}

// read decodes a state into a zero one; no bytes leave it.
func (c codec[S]) read(data []byte, s *S) {
	if len(data) > 0 {
		c.decode(data, s)
	}
}

// states decodes the states that a request begins with.
func (c codec[S]) states(in frame) []S {
	states, data := make([]S, in.rows), values[[]byte](in, 0)
	for i := range states {
		c.read(data(i), &states[i])
	}
	return states
}

// column makes the answer of states.
func (c codec[S]) column(states []S) []byte {
	out := newColumn[[]byte](len(states))
	var one []byte
	for i := range states {
		one = c.encode(one[:0], &states[i])
		out.put(one)
	}
	return write(len(states), out)
}
