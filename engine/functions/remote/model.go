package remote

import (
	"github.com/thalweg/thalweg/connectors/connector"
	formatjson "github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/operators/expr"
)

const optionEndpoint = "endpoint"

// Models is the provider of models that are services behind HTTP.
func Models() model.Provider {
	return model.Provider{New: newModel, Spec: connector.Spec{Name: "http", Noun: "provider",
		Doc: "A service that is called over HTTP, a batch of rows at a time, with the requests and answers of " +
			"[functions behind HTTP](functions.md#services-behind-http): `function` is the model's name, and the answer has one result for each row, " +
			"an object of the output's columns or, if there is one, its bare value.",
		Options: append([]connector.OptionSpec{
			{Name: optionEndpoint, Type: connector.TypeString, Required: true, Example: "http://127.0.0.1:9000/predict", Doc: "The service's URL."},
			{Name: optionFunction, Type: connector.TypeString, Example: "fraud-v2", Doc: "The name that the service is told; the model's without it."},
		}, CallSpecs(optionHeader)...)}}
}

// newModel makes the function of a model.
func newModel(d model.Definition, o connector.Options) (expr.TableFunction, error) {
	call, err := ParseCall(o.String(optionEndpoint), o, optionHeader)
	if err != nil {
		return expr.TableFunction{}, err
	}
	if err := formatjson.CheckTypes(append(d.Input[:len(d.Input):len(d.Input)], d.Output...), "json"); err != nil {
		return expr.TableFunction{}, err
	}
	f := &function{name: d.Name, what: "model", sig: signature{args: d.Input, columns: d.Output}, rowEach: true, out: d.Output, client: NewClient(call), opts: call}
	if name := o.String(optionFunction); name != "" {
		f.name = name
	}
	return d.Table(true, f.bindTable), nil
}
