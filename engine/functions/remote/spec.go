package remote

import (
	"net/url"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
)

const (
	optionSignature     = "signature"
	optionFunction      = "function"
	optionDeterministic = "deterministic"
	optionRetract       = "retract"
	optionMerge         = "merge"
	optionNulls         = "nulls"
	optionHeader        = "header."
)

// Spec are the options of CREATE FUNCTION … LANGUAGE HTTP.
func Spec() connector.Spec {
	return connector.Spec{Name: "HTTP", Noun: "language",
		Doc: "A function of a service that is called over HTTP, a batch of rows at a time.",
		Options: append([]connector.OptionSpec{
			{Name: optionSignature, Type: connector.TypeString, Required: true, Example: "(name STRING, amount INT) -> DOUBLE",
				Doc: "The arguments' names and types, and the result's type: `TABLE(name type, …)` for a table function, `AGGREGATE(type)` for an aggregate."},
			{Name: optionFunction, Type: connector.TypeString, Example: "score",
				Doc: "The name that the service is told; the SQL name without it."},
			{Name: optionDeterministic, Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Promise that equal arguments give equal results, so that constants may be computed while planning."},
			{Name: optionRetract, Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Of an aggregate: the service can take rows away again. Otherwise, where rows are taken back, the engine keeps the values and has those that are left added anew."},
			{Name: optionMerge, Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Of an aggregate: the service can merge states, so that aggregation has two phases and windows share slices."},
			{Name: optionNulls, Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Of an aggregate: rows with a NULL argument count."},
		}, CallSpecs(optionHeader)...)}
}

// abilities reads what an aggregate can do; nothing else has them.
func abilities(o connector.Options, sig signature) (agg.Abilities, error) {
	for _, name := range []string{optionRetract, optionMerge, optionNulls} {
		if o.Bool(name) && !sig.aggregate {
			return agg.Abilities{}, &connector.OptionError{Option: name, Err: errs.Userf("option '%s' is for aggregates", name).
				WithHint("write AGGREGATE(type) in '%s'", optionSignature)}
		}
	}
	return agg.Abilities{Retract: o.Bool(optionRetract), Merge: o.Bool(optionMerge), Nulls: o.Bool(optionNulls)}, nil
}

// CallSpecs are the options of how a service is called; header is the prefix of
// request headers.
func CallSpecs(header string) []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "batch-size", Type: connector.TypeInt, Default: "500", Example: "1000", Doc: "The most rows of one request."},
		{Name: "concurrency", Type: connector.TypeInt, Default: "4", Example: "16", Doc: "How many requests of one task run at a time."},
		{Name: "timeout", Type: connector.TypeDuration, Default: "10 s", Example: "2 s", Doc: "The most time of one request."},
		{Name: "max-retries", Type: connector.TypeInt, Default: "3", Example: "0",
			Doc: "How often a request is repeated after a failure of the network or the statuses 429 and 500 to 599."},
		{Name: "retry-delay", Type: connector.TypeDuration, Default: "100 ms", Example: "1 s",
			Doc: "The wait before the first repetition; it doubles each time, up to 30 s. `Retry-After` in seconds is obeyed."},
		{Name: header, Type: connector.TypeMapPrefix, Example: "Bearer …", Doc: "A header of the requests. Values are not shown."},
	}
}

// CallOptions is how a service is called.
type CallOptions struct {
	URL          string
	Header       map[string]string
	BatchRows    int
	Concurrency  int
	Timeout      time.Duration
	RetriesMax   int
	RetryDelay   time.Duration
	AnswerMaxLen int64
}

// AnswerBytesMax bounds what is read of an answer.
const AnswerBytesMax = 64 << 20

// ParseCall reads the options of CallSpecs.
func ParseCall(address string, o connector.Options, header string) (CallOptions, error) {
	if err := CheckURL(address); err != nil {
		return CallOptions{}, err
	}
	c := CallOptions{URL: address, Header: o.Prefix(header), BatchRows: int(o.Int("batch-size")), Concurrency: int(o.Int("concurrency")),
		Timeout: o.Duration("timeout"), RetriesMax: int(o.Int("max-retries")), RetryDelay: o.Duration("retry-delay"), AnswerMaxLen: AnswerBytesMax}
	for name, least := range map[string]int{"batch-size": 1, "concurrency": 1, "max-retries": 0} {
		if o.Int(name) < int64(least) {
			return c, &connector.OptionError{Option: name, Value: true, Err: errs.Userf("option '%s' is less than %d", name, least)}
		}
	}
	return c, nil
}

// CheckURL wants a URL of HTTP.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errs.Userf("'%s' is no URL of HTTP", address).WithHint("write http://host:port/path or https://…")
	}
	return nil
}

// signature is what a function takes and gives.
type signature struct {
	args   types.Schema
	result types.Type
	// aggregate tells that the result is one of many rows.
	aggregate bool
	// columns are those of a table function; nil for a scalar one.
	columns types.Schema
}

// parseSignature reads `(name type, …) -> type`, `-> TABLE(name type, …)` or
// `-> AGGREGATE(type)`.
func parseSignature(text string) (signature, error) {
	wrong := func(err error) (signature, error) {
		return signature{}, &connector.OptionError{Option: optionSignature, Value: true, Err: errs.Wrap(errs.User, err, "option '%s'", optionSignature)}
	}
	head, tail, ok := strings.Cut(text, "->")
	head, tail = strings.TrimSpace(head), strings.TrimSpace(tail)
	inner, opened := strings.CutPrefix(head, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !opened || !closed {
		return wrong(errs.Userf("'%s' is no signature", text).WithHint("write (name STRING, amount INT) -> DOUBLE, or -> TABLE(word STRING)"))
	}
	var s signature
	var err error
	if strings.TrimSpace(inner) != "" {
		if s.args, err = stream.ParseSchema(inner); err != nil {
			return wrong(err)
		}
	}
	if inner, ok := within(tail, "TABLE"); ok {
		if s.columns, err = stream.ParseSchema(inner); err != nil {
			return wrong(err)
		}
		return s, nil
	}
	if inner, ok := within(tail, "AGGREGATE"); ok {
		s.aggregate, tail = true, inner
	}
	result, err := stream.ParseType(tail)
	if err != nil {
		return wrong(errs.Userf("'%s' is no type", tail))
	}
	s.result = result.WithNullable(true)
	return s, nil
}

// within cuts out what stands in parentheses behind a word.
func within(text, word string) (inner string, ok bool) {
	if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return "", false
	}
	inner, opened := strings.CutPrefix(strings.TrimSpace(text[len(word):]), "(")
	inner, closed := strings.CutSuffix(inner, ")")
	return inner, opened && closed
}
