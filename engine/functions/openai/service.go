package openai

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/expr"
)

// service is a model of a service.
type service struct {
	def  model.Definition
	opts connector.Options
	// embeddings tells the task, batchRows how many rows a request has.
	embeddings bool
	batchRows  int
	// value is the output's column that is not metadata; tells that there is metadata.
	value int
	tells bool
	// ignores leaves rows with errors out, instead of failing.
	ignores bool
	client  *remote.Client
}

// reply is what one row gets: rows of the output, or an error.
type reply struct {
	texts  []string
	vector []float32
	err    error
}

// bind makes the kernel of one operator.
func (m *service) bind(c *expr.TableCall) (expr.TableKernel, error) {
	slots, timeout := remote.NewSlots(c.Concurrency, 1), c.Timeout
	parameters := m.parameters()
	return func(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
		prompts := args[0].(*array.String)
		asked := make([]int, 0, rows) // the rows that have a text
		for i := range rows {
			if prompts.IsValid(i) {
				asked = append(asked, i)
			}
		}
		replies := make([]reply, len(asked))
		err := slots.Pieces(ctx.Context, len(asked), m.batchRows, timeout, func(ctx context.Context, from, to int) error {
			texts := make([]string, 0, to-from)
			for _, i := range asked[from:to] {
				texts = append(texts, prompts.Value(i))
			}
			return m.ask(ctx, parameters, texts, replies[from:to])
		})
		if err != nil {
			return expr.Rows{}, err
		}
		return m.rows(ctx, asked, replies), nil
	}, nil
}

// ask makes one request; what it fails of is in the replies if errors are ignored.
func (m *service) ask(ctx context.Context, parameters map[string]any, texts []string, replies []reply) error {
	err := m.request(ctx, parameters, texts, replies)
	if err == nil {
		return nil
	}
	err = errs.Wrap(errs.Resource, err, "model %s", m.def.Name)
	// The end of the job, or of another request that ends the job, is no answer.
	if !m.ignores || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	for i := range replies {
		replies[i] = reply{err: err}
	}
	return nil
}

// request makes a request about texts and reads its answer.
func (m *service) request(ctx context.Context, parameters map[string]any, texts []string, replies []reply) error {
	body := maps.Clone(parameters)
	switch {
	case !m.embeddings:
		body["messages"] = []message{{"system", m.opts.String("system-prompt")}, {"user", texts[0]}}
	case m.batchRows == 1:
		body["input"] = texts[0]
	default:
		body["input"] = texts
	}
	data, err := json.Marshal(body)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode a request")
	}
	if data, err = m.client.Post(ctx, data); err != nil {
		return err
	}
	if m.embeddings {
		return readVectors(data, replies)
	}
	return readChoices(data, &replies[0])
}

// message is a message of a chat.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// readChoices reads the answer of a chat.
func readChoices(data []byte, r *reply) error {
	var answer struct{ Choices []struct{ Message message } }
	if err := json.Unmarshal(data, &answer); err != nil || len(answer.Choices) == 0 {
		return errs.Userf("the answer is no chat completion with choices: %s", remote.Excerpt(data))
	}
	for _, c := range answer.Choices {
		r.texts = append(r.texts, c.Message.Content)
	}
	return nil
}

// readVectors reads embeddings, which may come in any order.
func readVectors(data []byte, replies []reply) error {
	var answer struct {
		Data []struct {
			Index     int
			Embedding []float32
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return errs.Userf("the answer has no embeddings: %s", remote.Excerpt(data))
	}
	for _, e := range answer.Data {
		if e.Index < 0 || e.Index >= len(replies) || e.Embedding == nil {
			return errs.Userf("the answer has an embedding without a place or a value: %s", remote.Excerpt(data))
		}
		replies[e.Index].vector = e.Embedding
	}
	for _, r := range replies {
		if r.vector == nil {
			return errs.Userf("the answer has %d embeddings for %d texts", len(answer.Data), len(replies))
		}
	}
	return nil
}

// rows makes the output; asked are the rows that replies are for.
func (m *service) rows(ctx *expr.EvalContext, asked []int, replies []reply) expr.Rows {
	var out expr.Rows
	builders := make([]array.Builder, len(m.def.Output))
	for i, f := range m.def.Output {
		builders[i] = array.NewBuilder(ctx.Alloc, f.Type.Arrow())
		defer builders[i].Release()
	}
	add := func(row int, value func(array.Builder), err error) {
		out.Parents = append(out.Parents, int32(row))
		for i, f := range m.def.Output {
			if i == m.value {
				value(builders[i])
			} else {
				appendMetadata(builders[i], m.def.Metadata[f.Name], err)
			}
		}
	}
	for i, r := range replies {
		switch {
		case r.err != nil && m.tells:
			add(asked[i], func(b array.Builder) { b.AppendNull() }, r.err)
		case r.err != nil:
		case m.embeddings:
			add(asked[i], func(b array.Builder) { appendVector(b.(*array.ListBuilder), r.vector) }, nil)
		default:
			for _, text := range r.texts {
				add(asked[i], func(b array.Builder) { b.(*array.StringBuilder).Append(text) }, nil)
			}
		}
	}
	for _, b := range builders {
		out.Columns = append(out.Columns, b.NewArray())
	}
	return out
}

func appendVector(b *array.ListBuilder, vector []float32) {
	b.Append(true)
	b.ValueBuilder().(*array.Float32Builder).AppendValues(vector, nil)
}

// appendMetadata appends what an error tells, NULL without one.
func appendMetadata(b array.Builder, key string, err error) {
	var status *remote.StatusError
	switch {
	case err == nil || key != metadataError && !errors.As(err, &status):
		b.AppendNull()
	case key == metadataError:
		b.(*array.StringBuilder).Append(err.Error())
	case key == metadataStatus:
		b.(*array.Int32Builder).Append(int32(status.Status))
	default:
		appendHeaders(b.(*array.MapBuilder), status.Header)
	}
}

func appendHeaders(b *array.MapBuilder, header http.Header) {
	b.Append(true)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		b.KeyBuilder().(*array.StringBuilder).Append(name)
		values := b.ItemBuilder().(*array.ListBuilder)
		values.Append(true)
		values.ValueBuilder().(*array.StringBuilder).AppendValues(header[name], nil)
	}
}
