package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// jsonCall is a function of a path: what it makes of a value and of its arguments, raw
// values all of them; nil for nothing.
type jsonCall struct {
	make func(value []byte, args [][]byte) []byte
	// argument says what the function can't be without, if anything.
	argument string
	// below says that paths in its arguments begin at the value, not at the document.
	below bool
}

// jsonCalls are the functions.
var jsonCalls = map[string]*jsonCall{
	"length": {make: jsonLength, below: true}, "size": {make: jsonLength, below: true},
	"keys": {make: func(value []byte, _ [][]byte) []byte {
		if value[0] != '{' {
			return nil
		}
		var keys [][]byte
		eachJSON(value, func(key, _ []byte) { keys = append(keys, key) })
		return appendJSONList(nil, keys)
	}},
	"first": {make: func(value []byte, _ [][]byte) []byte { return numberedElement(value, 0) }},
	"last":  {make: func(value []byte, _ [][]byte) []byte { return numberedElement(value, -1) }},
	"index": {argument: "a number", make: func(value []byte, args [][]byte) []byte {
		numbers := jsonNumbers(nil, args)
		if len(numbers) == 0 || math.Abs(numbers[0]) > math.MaxInt32 {
			return nil
		}
		return numberedElement(value, int(numbers[0]))
	}},
	"append": {make: func(value []byte, args [][]byte) []byte {
		if value[0] != '[' {
			return value
		}
		return appendJSONList(nil, append(jsonElements(value), args...))
	}},
	"concat": {make: func(value []byte, args [][]byte) []byte { return appendQuoted(nil, jsonConcat(value, args), false) }},
	"min":    foldNumbers(slices.Min[[]float64]),
	"max":    foldNumbers(slices.Max[[]float64]),
	"sum":    foldNumbers(sumOf),
	"avg":    foldNumbers(func(all []float64) float64 { return sumOf(all) / float64(len(all)) }),
	"stddev": foldNumbers(func(all []float64) float64 {
		squares, n := 0.0, float64(len(all))
		for _, v := range all {
			squares += v * v
		}
		sum := sumOf(all)
		return math.Sqrt(max(squares/n-sum*sum/n/n, 0))
	}),
}

// function reads a call with its arguments: JSON, or paths.
func (p *pathParser) function(name string) jsonStep {
	call, ok := jsonCalls[name]
	if !ok {
		p.fail("there is no function %s", name)
		return jsonStep{}
	}
	begin := p.at
	p.at += len(name) + 1
	step := jsonStep{kind: stepCall, call: call}
	if p.space(); !p.is(")") {
		for more := true; more && p.wrong == ""; p.space() {
			p.space()
			step.args = append(step.args, p.argument(call))
			p.space()
			more = p.is(",")
		}
		if p.wrong == "" && !p.is(")") {
			p.fail(") is missing")
		}
	}
	if p.wrong == "" && call.argument != "" && len(step.args) == 0 {
		p.at = begin
		p.fail("%s takes %s", name, call.argument)
	}
	return step
}

// argument reads one argument. A path that a function counts below is that of the
// elements of what it leads to.
func (p *pathParser) argument(call *jsonCall) jsonOperand {
	begin := p.at
	switch next := p.peek(); {
	case next == '$' || next == '@':
		arg := p.operand()
		if arg.path == nil {
			return arg
		}
		arg.path.root = true
		if call.below {
			arg.path.ofElements()
		}
		return arg
	case call.below:
		p.fail("a path is missing")
	case next == '"' || next == '{' || next == '-' || next >= '0' && next <= '9':
		if arg := p.operand(); p.wrong == "" && arg.path == nil {
			raw := arg.node.text
			if arg.node.kind == '"' {
				raw = appendQuoted(nil, string(raw), false)
			}
			return jsonOperand{node: jsonNode{kind: arg.node.kind, text: raw}}
		}
	default:
		p.at = begin
		p.fail("a number, a text in double quotes, an object or a path is missing")
	}
	return jsonOperand{}
}

// ofElements goes on to all elements, unless a function ends the path.
func (path *jsonPath) ofElements() {
	if n := len(path.steps); n > 0 && path.steps[n-1].kind != stepCall {
		path.steps = append(path.steps, jsonStep{kind: stepAll})
		path.settle()
	}
}

// callOfScan turns `$..a.f()` into `$.f($..a)`: the function works on all that the path
// before it selects.
func (path *jsonPath) callOfScan() {
	n := len(path.steps)
	if n < 2 || path.steps[0].kind != stepDeep || path.steps[n-1].kind != stepCall {
		return
	}
	at := slices.IndexFunc(path.steps, func(s jsonStep) bool { return s.kind == stepCall })
	step := path.steps[at]
	arg := &jsonPath{steps: slices.Clone(path.steps[:at]), root: true}
	arg.settle()
	if step.call.below {
		arg.ofElements()
	}
	step.args = []jsonOperand{{path: arg}}
	path.steps = append([]jsonStep{step}, path.steps[at+1:]...)
}

// called is what a step's function makes of a value, nil for nothing. The work is
// taken before anything is made.
func (s *jsonStep) called(value []byte, in *jsonSearch) []byte {
	if in.left < 0 || value[0] == '[' && !in.spendOnCall(value) {
		return nil
	}
	args := make([][]byte, len(s.args))
	for i := range s.args {
		if args[i] = s.args[i].argument(s.call, value, in); args[i] == nil {
			return nil
		}
	}
	return s.call.make(value, args)
}

// argument is the value of an argument, nil when there is none or too much was done.
func (o *jsonOperand) argument(call *jsonCall, value []byte, in *jsonSearch) []byte {
	from := in.root
	if call.below {
		from = value
	}
	raw, ok := o.node.text, true
	switch {
	case o.path != nil && o.path.many:
		found, missing := o.path.search(nil, from, in)
		if missing || !in.spendOnCall(found...) {
			return nil
		}
		return appendJSONList(nil, found)
	case o.path != nil:
		raw, ok = o.path.one(from, in)
	}
	if !ok || !in.spendOnCall(raw) {
		return nil
	}
	return raw
}

func jsonElements(value []byte) [][]byte {
	var all [][]byte
	eachJSON(value, func(_, element []byte) { all = append(all, element) })
	return all
}

// jsonLength is the number of elements or members: of the array that an argument is, or
// of the value.
func jsonLength(value []byte, args [][]byte) []byte {
	if len(args) > 0 && args[0][0] == '[' {
		value = args[0]
	}
	if value[0] != '[' && value[0] != '{' {
		return nil
	}
	return strconv.AppendInt(nil, int64(len(jsonElements(value))), 10)
}

func numberedElement(value []byte, index int) []byte {
	if value[0] != '[' {
		return nil
	}
	return elementAt(value, index)
}

func sumOf(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum
}

// foldNumbers makes a DOUBLE of an array's numbers and of those among the arguments.
// One that JSON has no number for is a text, as Flink writes it.
func foldNumbers(fold func([]float64) float64) *jsonCall {
	return &jsonCall{make: func(value []byte, args [][]byte) []byte {
		var all []float64
		if value[0] == '[' {
			all = jsonNumbers(nil, jsonElements(value))
		}
		for _, a := range args {
			if a[0] == '[' {
				all = jsonNumbers(all, jsonElements(a))
			} else {
				all = jsonNumbers(all, [][]byte{a})
			}
		}
		if len(all) == 0 {
			return nil
		}
		result := fold(all)
		if math.IsNaN(result) || math.IsInf(result, 0) {
			return appendQuoted(nil, floatText(result, 64), false)
		}
		return []byte(floatText(result, 64))
	}}
}

// jsonNumbers appends those of the values that are numbers.
func jsonNumbers(dst []float64, values [][]byte) []float64 {
	for _, v := range values {
		if f, ok := parseFloat(string(v), 64); ok && v[0] != '"' {
			dst = append(dst, f)
		}
	}
	return dst
}

// jsonConcat joins an array's texts, then the arguments, and the elements of those that
// are arrays, whatever they are.
func jsonConcat(value []byte, args [][]byte) string {
	var b strings.Builder
	if value[0] == '[' {
		for _, e := range jsonElements(value) {
			if e[0] == '"' {
				b.WriteString(jsonText(e))
			}
		}
	}
	for _, a := range args {
		parts := [][]byte{a}
		if a[0] == '[' {
			parts = jsonElements(a)
		}
		for _, e := range parts {
			if e[0] != 'n' {
				javaText(&b, e)
			}
		}
	}
	return b.String()
}

// javaText writes a value as Java does: objects as {a=1}, arrays as [1, 2].
func javaText(b *strings.Builder, value []byte) {
	switch {
	case value[0] == '"':
		b.WriteString(jsonText(value))
	case value[0] == '{' || value[0] == '[':
		b.WriteByte(value[0])
		before := ""
		eachJSON(value, func(key, element []byte) {
			b.WriteString(before)
			before = ", "
			if key != nil {
				b.WriteString(jsonText(key) + "=")
			}
			javaText(b, element)
		})
		b.WriteByte(value[0] + 2) // the closing bracket
	case strings.ContainsAny(string(value), ".eE") && value[0] != 't' && value[0] != 'f':
		f, _ := parseFloat(string(value), 64)
		b.WriteString(floatText(f, 64))
	default:
		b.Write(value)
	}
}
