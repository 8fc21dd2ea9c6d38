package openai

import (
	"math"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

// The strategies for errors.
const (
	strategyRetry    = "RETRY"
	strategyFailover = "FAILOVER"
	strategyIgnore   = "IGNORE"
)

// The keys of metadata about an error that was ignored.
const (
	metadataError   = "error-string"
	metadataStatus  = "http-status-code"
	metadataHeaders = "http-headers-map"
)

// Provider is the provider 'openai'.
func Provider() model.Provider { return model.Provider{Spec: spec(), New: newModel} }

func spec() connector.Spec {
	return connector.Spec{Name: "openai", Noun: "provider",
		Doc: "A service with OpenAI's API, whoever runs it. An endpoint that ends in `chat/completions` takes a STRING and gives a STRING, " +
			"by one request a row; one that ends in `embeddings` takes a STRING and gives an ARRAY<FLOAT>, many rows a request. " +
			"Rows whose text is NULL are left out.",
		Options: append(commonOptions(), taskOptions()...),
		Metadata: []connector.MetadataSpec{
			{Key: metadataError, Type: types.StringType(), Doc: "What went wrong with a row whose error was ignored; NULL for others. With a column of metadata such rows come out, without one they are left out."},
			{Key: metadataStatus, Type: types.Of(types.Int), Doc: "The status that the service answered such a row with, if any."},
			{Key: metadataHeaders, Type: types.MapOf(types.StringType(), types.ArrayOf(types.StringType())), Doc: "The headers of that answer."},
		}}
}

// commonOptions are those of both tasks.
func commonOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "endpoint", Type: connector.TypeString, Required: true, Example: "https://api.openai.com/v1/chat/completions", Doc: "The full URL; its end says which task it is."},
		{Name: "api-key", Type: connector.TypeString, Required: true, Example: "${OPENAI_KEY}", Doc: "The key, sent as `Authorization: Bearer`. It is not shown."},
		{Name: "model", Type: connector.TypeString, Required: true, Example: "gpt-4o-mini", Doc: "The model's name at the service."},
		{Name: "error-handling-strategy", Type: connector.TypeEnum, Values: []string{strategyRetry, strategyFailover, strategyIgnore}, Default: strategyRetry, Example: strategyIgnore,
			Doc: "What follows a failed request: it is made again, if that may help; the job fails; or its rows are left out."},
		{Name: "retry-num", Type: connector.TypeInt, Default: "100", Example: "5", Doc: "How often a request is repeated after a failure of the network or the statuses 429 and 500 to 599."},
		{Name: "retry-delay", Type: connector.TypeDuration, Default: "100 ms", Example: "1 s", Doc: "The wait before the first repetition; it doubles each time, up to 30 s. `Retry-After` in seconds is obeyed."},
		{Name: "retry-fallback-strategy", Type: connector.TypeEnum, Values: []string{strategyFailover, strategyIgnore}, Default: strategyFailover, Example: strategyIgnore,
			Doc: "What follows when repetitions did not help: the job fails, or the rows are left out."},
		{Name: "request-timeout", Type: connector.TypeDuration, Default: "1 min", Example: "10 s", Doc: "The most time of one request, without repetitions."},
	}
}

// taskOptions are those of one task each.
func taskOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "system-prompt", Type: connector.TypeString, Default: "You are a helpful assistant.", Example: "Answer with one word.", Doc: "Chat: the message of the system."},
		{Name: "temperature", Type: connector.TypeDouble, Example: "0.2", Doc: "Chat: how random answers are."},
		{Name: "top-p", Type: connector.TypeDouble, Example: "0.9", Doc: "Chat: tokens are chosen among the likeliest with so much probability."},
		{Name: "stop", Type: connector.TypeString, Example: "END,STOP", Doc: "Chat: texts, separated by commas, that end an answer."},
		{Name: "max-tokens", Type: connector.TypeBigInt, Example: "200", Doc: "Chat: the most tokens of an answer."},
		{Name: "presence-penalty", Type: connector.TypeDouble, Example: "0.5", Doc: "Chat: from -2 to 2, how much words that came before are avoided."},
		{Name: "n", Type: connector.TypeBigInt, Example: "1", Doc: "Chat: how many answers each row gets; each is a row of the output."},
		{Name: "seed", Type: connector.TypeBigInt, Example: "42", Doc: "Chat: asks for the same answer to the same request."},
		{Name: "response-format", Type: connector.TypeEnum, Values: []string{"text", "json_object"}, Example: "json_object", Doc: "Chat: the form of answers."},
		{Name: "dimension", Type: connector.TypeBigInt, Example: "256", Doc: "Embeddings: the length of the arrays."},
		{Name: "batch-size", Type: connector.TypeInt, Default: "64", Example: "1", Doc: "Embeddings: the most rows of one request; 1 sends a text instead of an array."},
	}
}

// newModel makes the function of a model.
func newModel(d model.Definition, o connector.Options) (expr.TableFunction, error) {
	var none expr.TableFunction
	m := &service{def: d, opts: o, batchRows: 1}
	value := types.StringType()
	switch endpoint := strings.TrimSuffix(o.String("endpoint"), "/"); {
	case strings.HasSuffix(endpoint, "chat/completions"):
	case strings.HasSuffix(endpoint, "embeddings"):
		m.embeddings, m.batchRows, value = true, int(o.Int("batch-size")), types.ArrayOf(types.Of(types.Float))
	default:
		return none, &connector.OptionError{Option: "endpoint", Value: true, Err: errs.Userf("the endpoint '%s' ends neither in chat/completions nor in embeddings", endpoint)}
	}
	if err := m.checkColumns(value); err != nil {
		return none, err
	}
	if o.Int("retry-num") < 0 || m.batchRows < 1 {
		return none, errs.Userf("'retry-num' is at least 0 and 'batch-size' at least 1")
	}
	call := remote.CallOptions{URL: o.String("endpoint"), Header: map[string]string{"Authorization": "Bearer " + o.String("api-key")},
		Timeout: o.Duration("request-timeout"), RetriesMax: int(o.Int("retry-num")), RetryDelay: o.Duration("retry-delay"), AnswerMaxLen: remote.AnswerBytesMax}
	strategy := o.String("error-handling-strategy")
	if strategy != strategyRetry {
		call.RetriesMax = 0
	}
	m.ignores = strategy == strategyIgnore || strategy == strategyRetry && o.String("retry-fallback-strategy") == strategyIgnore
	if err := remote.CheckURL(call.URL); err != nil {
		return none, &connector.OptionError{Option: "endpoint", Value: true, Err: err}
	}
	m.client = remote.NewClient(call)
	return d.Table(true, m.bind), nil
}

// checkColumns wants a text as input, and one column besides metadata as output.
func (m *service) checkColumns(value types.Type) error {
	in, out := m.def.Input, m.def.Output
	if len(in) != 1 || !in[0].Type.IsString() {
		return errs.Userf("a model of 'openai' takes one STRING, not (%s)", in).WithHint("write INPUT (prompt STRING)")
	}
	m.value = -1
	for i, f := range out {
		if m.def.Metadata[f.Name] != "" {
			m.tells = true
			continue
		}
		if m.value >= 0 || !f.Type.WithNullable(true).Same(value) && !(f.Type.IsString() && value.IsString()) {
			return errs.Userf("this model gives one %s, not (%s)", value, out).WithHint("write OUTPUT (answer %s)", value)
		}
		m.value = i
	}
	if m.value < 0 {
		return errs.Userf("this model gives one %s, not only metadata", value).WithHint("write OUTPUT (answer %s, …)", value)
	}
	return nil
}

// parameters are the members of requests that options give.
func (m *service) parameters() map[string]any {
	o := m.opts
	body := map[string]any{"model": o.String("model")}
	if m.embeddings {
		if o.Given("dimension") {
			body["dimensions"] = o.Int("dimension")
		}
		return body
	}
	for name, member := range map[string]string{"temperature": "temperature", "top-p": "top_p", "presence-penalty": "presence_penalty"} {
		if v := o.Double(name); o.Given(name) && !math.IsNaN(v) {
			body[member] = v
		}
	}
	for name, member := range map[string]string{"max-tokens": "max_tokens", "n": "n", "seed": "seed"} {
		if o.Given(name) {
			body[member] = o.Int(name)
		}
	}
	if o.Given("stop") {
		body["stop"] = strings.Split(o.String("stop"), ",")
	}
	if o.Given("response-format") {
		body["response_format"] = map[string]string{"type": o.String("response-format")}
	}
	return body
}
