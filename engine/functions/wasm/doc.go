// Package wasm makes SQL functions of WebAssembly modules. A module sees neither files
// nor network, nor the clock: it has its own memory, up to a limit, and a limit of
// time for each call.
//
// docs/functions.md describes how module and host speak; package guest is the
// module's side of it in Go.
package wasm
