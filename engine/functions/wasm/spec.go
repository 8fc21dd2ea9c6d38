package wasm

import "github.com/thalweg/thalweg/connectors/connector"

const (
	optionSymbol  = "symbol"
	optionMemory  = "memory-limit"
	optionTimeout = "timeout"
)

// Spec are the options of CREATE FUNCTION … LANGUAGE WASM.
func Spec() connector.Spec {
	return connector.Spec{Name: "WASM", Noun: "language",
		Doc: "A function of a WebAssembly module, which runs in this process and sees nothing of it.",
		Options: []connector.OptionSpec{
			{Name: optionSymbol, Type: connector.TypeString, Example: "initials",
				Doc: "The function's name in the module; without it the SQL name, or the only function there is."},
			{Name: optionMemory, Type: connector.TypeMemorySize, Default: "64 mb", Example: "256 mb",
				Doc: "The most memory of one instance; there is one a task at most."},
			{Name: optionTimeout, Type: connector.TypeDuration, Default: "10 s", Example: "500 ms",
				Doc: "The most time of a call, which is for a batch of rows."},
		}}
}

// Settings are the options read.
type Settings struct {
	Symbol string
	Limits Limits
}

// Parse reads the options.
func Parse(options map[string]string) (Settings, error) {
	o, err := Spec().Parse(options)
	if err != nil {
		return Settings{}, err
	}
	return Settings{Symbol: o.String(optionSymbol), Limits: Limits{MemoryBytes: o.Bytes(optionMemory), Timeout: o.Duration(optionTimeout)}}, nil
}
