// Package guest is for authors of WebAssembly modules with SQL functions in Go. A
// module is a main package that exports functions:
//
//	var _ = guest.Export(
//		guest.Scalar2("initials", func(first, last string) string { return first[:1] + last[:1] }),
//	)
//
//	func main() {}
//
// and is built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o text.wasm
//
// Functions must be pure. A row with a NULL argument is not theirs to see. A panic
// fails the job that calls.
package guest

// Value are the types of arguments and results: BOOLEAN, INT, BIGINT, FLOAT, DOUBLE,
// STRING and BYTES.
type Value interface {
	bool | int32 | int64 | float32 | float64 | string | []byte
}

// The steps of a call; see docs/functions.md.
const (
	stepCall = iota
	stepAdd
	stepMerge
	stepResult
)

// description is how a module presents itself, as JSON.
type description struct {
	ABI       int        `json:"abi"`
	Functions []Function `json:"functions"`
}

// Function is a declared function, for [Export].
type Function struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Arguments []string `json:"arguments"`
	Result    string   `json:"result,omitempty"`
	Columns   []column `json:"columns,omitempty"`
	Retract   bool     `json:"retract,omitempty"`
	Merge     bool     `json:"merge,omitempty"`

	call func(step int, request []byte) []byte
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// module is what has been exported.
var module = description{ABI: 1}

// Export makes functions the module's. The result is there so that it can be called
// by a variable's declaration, before anything runs.
func Export(functions ...Function) bool {
	module.Functions = append(module.Functions, functions...)
	return true
}

// Scalar1 declares a scalar function of one argument.
func Scalar1[A, R Value](name string, f func(a A) R) Function {
	return Function{Name: name, Kind: "scalar", Arguments: []string{sqlType[A]()}, Result: sqlType[R](),
		call: func(_ int, request []byte) []byte {
			in := read(request)
			a, out := values[A](in, 0), newColumn[R](in.rows)
			for i := range in.rows {
				out.put(f(a(i)))
			}
			return write(in.rows, out)
		}}
}

// Scalar2 declares a scalar function of two arguments.
func Scalar2[A, B, R Value](name string, f func(a A, b B) R) Function {
	return Function{Name: name, Kind: "scalar", Arguments: []string{sqlType[A](), sqlType[B]()}, Result: sqlType[R](),
		call: func(_ int, request []byte) []byte {
			in := read(request)
			a, b, out := values[A](in, 0), values[B](in, 1), newColumn[R](in.rows)
			for i := range in.rows {
				out.put(f(a(i), b(i)))
			}
			return write(in.rows, out)
		}}
}

// Table1 declares a table function of one argument and one column, whose values it
// hands to emit.
func Table1[A, R Value](name, columnName string, f func(a A, emit func(R))) Function {
	return Function{Name: name, Kind: "table", Arguments: []string{sqlType[A]()}, Columns: []column{{columnName, sqlType[R]()}},
		call: func(_ int, request []byte) []byte {
			in := read(request)
			a, parents, out, rows := values[A](in, 0), newColumn[int32](in.rows), newColumn[R](in.rows), 0
			for i := range in.rows {
				f(a(i), func(r R) {
					parents.put(int32(i))
					out.put(r)
					rows++
				})
			}
			return write(rows, parents, out)
		}}
}

// Aggregate describes an aggregate function over a state S, whose zero is the state
// of no rows.
//
// Between calls a state without pointers of at most 256 bytes is kept as it lies in
// memory, so that its layout must not change between versions of a module that resume
// the same job. Any other is kept encoded, by Encode and Decode or else in JSON, which is
// slow.
type Aggregate[S any, A, R Value] struct {
	// Add counts a value.
	Add func(s *S, a A)
	// Retract takes a value away that was added; nil leaves that to the engine.
	Retract func(s *S, a A)
	// Merge adds another state; nil forgoes two-phase aggregation.
	Merge func(s, other *S)
	// Result gives the result; ok is false for NULL.
	Result func(s *S) (r R, ok bool)
	// Encode appends a state to dst, Decode reads one back into a zero S.
	Encode func(dst []byte, s *S) []byte
	Decode func(data []byte, s *S)
}

// Aggregate1 declares an aggregate function of one argument.
func Aggregate1[S any, A, R Value](name string, f Aggregate[S, A, R]) Function {
	c := codecOf(f.Encode, f.Decode)
	return Function{Name: name, Kind: "aggregate", Arguments: []string{sqlType[A]()}, Result: sqlType[R](),
		Retract: f.Retract != nil, Merge: f.Merge != nil,
		call: func(step int, request []byte) []byte {
			first := read(request)
			states := c.states(first)
			if step == stepResult {
				out := newColumn[R](len(states))
				for i := range states {
					if r, ok := f.Result(&states[i]); ok {
						out.put(r)
					} else {
						out.putNull()
					}
				}
				return write(len(states), out)
			}
			rows := read(request[first.size:])
			groups := values[int32](rows, 0)
			if step == stepMerge {
				others := values[[]byte](rows, 1)
				for i := range rows.rows {
					var other S
					c.read(others(i), &other)
					f.Merge(&states[groups(i)], &other)
				}
				return c.column(states)
			}
			retract, a := values[bool](rows, 1), values[A](rows, 2)
			for i := range rows.rows {
				if s := &states[groups(i)]; retract(i) {
					f.Retract(s, a(i))
				} else {
					f.Add(s, a(i))
				}
			}
			return c.column(states)
		}}
}
