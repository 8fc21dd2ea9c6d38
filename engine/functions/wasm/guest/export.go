//go:build wasip1

package guest

import (
	"encoding/json"
	"unsafe"
)

// request and answer hold the memory that the host was last told of.
var request, answer []byte

//go:wasmexport thalweg_describe
func exportDescribe() int64 {
	answer = describe()
	return place(answer)
}

//go:wasmexport thalweg_alloc
func exportAlloc(size int32) int32 {
	request = make([]byte, max(size, 8))
	return int32(uintptr(unsafe.Pointer(&request[0])))
}

//go:wasmexport thalweg_call
func exportCall(function, step, _, size int32) int64 {
	answer = call(int(function), int(step), request[:size])
	return place(answer)
}

// place packs where bytes lie: the address in the upper half, the length in the lower.
func place(b []byte) int64 {
	return int64(uint64(uintptr(unsafe.Pointer(&b[0])))<<32 | uint64(len(b)))
}

// describe gives the module's description.
func describe() []byte {
	b, err := json.Marshal(module)
	if err != nil {
		panic(err)
	}
	return b
}

// call runs a step of the function at a place in the description.
func call(at, step int, request []byte) []byte { return module.Functions[at].call(step, request) }
