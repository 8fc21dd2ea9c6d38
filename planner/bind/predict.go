package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// mlPredict is the table function that calls a model for each row of a table.
const mlPredict = "ML_PREDICT"

// The settings that ML_PREDICT's CONFIG overrides, and Flink's defaults.
const (
	predictSettings = "table.exec.async-ml-predict."
	predictCapacity = predictSettings + "max-concurrent-operations"
	predictTimeout  = predictSettings + "timeout"
	predictOrder    = predictSettings + "output-mode"

	predictCapacityDefault      = 10
	predictTimeoutMillisDefault = 180_000
)

// predictParams are the parameters in positional order, the last one optional.
var predictParams = []string{"INPUT", "MODEL", "ARGS", "CONFIG"}

// predict binds ML_PREDICT: the input's columns, then what the model gives for them.
func (b *Binder) predict(ref *sql.TableFunction) (*relation, error) {
	args, err := callArgs(mlPredict, predictParams, "CONFIG", ref.Call)
	if err != nil {
		return nil, err
	}
	input, err := b.predictInput(args["INPUT"])
	if err != nil {
		return nil, err
	}
	name, ok := args["MODEL"].(*sql.ModelArg)
	if !ok {
		return nil, errs.Userf("%s needs a model here", mlPredict).At(args["MODEL"].Pos()).WithHint("write MODEL name")
	}
	model, err := b.funcs.Model(strings.Join(name.Name.Strings(), "."))
	if err != nil {
		return nil, at(err, name.Name.Span)
	}
	values, err := features(model, args["ARGS"], input)
	if err != nil {
		return nil, err
	}
	calling, err := b.calling(model, args["CONFIG"])
	if err != nil {
		return nil, err
	}
	schema := input.node.Props().Schema
	node := logical.NewCorrelate(input.node, logical.CorrelateSpec{
		Function: model.Function, Args: values, Columns: besides(model.Output, schema), Calling: calling,
		Keep: logical.Range(0, len(schema)), Read: logical.Range(0, len(model.Output)), Span: name.Pos(),
	})
	return named(node, "", ref.Alias)
}

// predictInput binds the table whose rows a model is called for. As in Flink it only
// grows: what a model gave for a row can't be had again to take it back.
func (b *Binder) predictInput(e sql.Expr) (*relation, error) {
	arg, ok := e.(*sql.TableArg)
	if !ok {
		return nil, errs.Userf("a table is needed here").At(e.Pos()).WithHint("write TABLE name, or a query in parentheses")
	}
	if len(arg.PartitionBy)+len(arg.OrderBy) > 0 {
		return nil, errs.Userf("%s takes rows one by one, without PARTITION BY and ORDER BY", mlPredict).At(e.Pos()).WithHint("leave it out")
	}
	input, err := b.tableRef(arg.Table, nil, nil)
	if err != nil {
		return nil, err
	}
	if changes := input.node.Props().Changes; !changes.InsertOnly() {
		return nil, errs.Userf("%s needs rows that are only added, but its input also changes rows", mlPredict).At(e.Pos()).
			WithHint("a model need not give the same again when a row is taken back: predict before the aggregate or join that changes rows")
	}
	return input, nil
}

// features binds DESCRIPTOR: the columns that the model's input is made of, cast to its
// types.
func features(model catalog.Model, e sql.Expr, input *relation) ([]rex.Expr, error) {
	d, ok := e.(*sql.Descriptor)
	if !ok {
		return nil, errs.Userf("%s needs DESCRIPTOR(column, …) to name what the model is given", mlPredict).At(e.Pos())
	}
	if len(d.Columns) != len(model.Input) {
		return nil, errs.Userf("the model takes %d columns, but DESCRIPTOR names %d", len(model.Input), len(d.Columns)).At(d.Pos()).
			WithHint("its input is %s", model.Input)
	}
	values := make([]rex.Expr, len(d.Columns))
	for i, column := range d.Columns {
		bound, err := input.scope.resolve(column)
		if err != nil {
			return nil, err
		}
		want := model.Input[i].Type
		if !assignable(bound.Type, want) {
			return nil, errs.Userf("column `%s` is %s, but the model's `%s` is %s", plainName(column), bound.Type.WithNullable(true), model.Input[i].Name, want.WithNullable(true)).
				At(column.Pos()).WithHint("convert it in a query: (SELECT CAST(%s AS %s) AS %s, … FROM …)", plainName(column), want.WithNullable(true), plainName(column))
		}
		values[i] = castTo(bound, want)
	}
	return values, nil
}

// besides gives a model's columns names that the table's columns don't have: as in
// Flink with a number behind.
func besides(output, input types.Schema) types.Schema {
	taken := append(input.Names(), output.Names()...)
	out := slices.Clone(output)
	for i, f := range out {
		for n := 0; slices.Contains(input.Names(), out[i].Name) || n > 0 && slices.Contains(taken, out[i].Name); n++ {
			out[i].Name = f.Name + strconv.Itoa(n)
		}
		taken = append(taken, out[i].Name)
	}
	return out
}

// calling is what CONFIG says, over the session's settings.
func (b *Binder) calling(model catalog.Model, config sql.Expr) (*logical.Calling, error) {
	out := &logical.Calling{Async: model.Remote, Capacity: predictCapacityDefault, TimeoutMillis: predictTimeoutMillisDefault}
	for _, key := range []string{predictCapacity, predictTimeout, predictOrder} {
		if text := b.settings[key]; text != "" {
			if err := setCalling(out, strings.TrimPrefix(key, predictSettings), text); err != nil {
				return nil, errs.Wrap(errs.User, err, "'%s'", key)
			}
		}
	}
	if config == nil {
		return out, nil
	}
	m, ok := config.(*sql.Map)
	if !ok {
		return nil, errs.Userf("CONFIG of %s is a map of texts", mlPredict).At(config.Pos()).WithHint("write MAP['async', 'true']")
	}
	for i := range m.Keys {
		key, isText := m.Keys[i].(*sql.StringLiteral)
		value, valueIsText := m.Values[i].(*sql.StringLiteral)
		if !isText || !valueIsText {
			return nil, errs.Userf("CONFIG of %s has texts as keys and values", mlPredict).At(m.Keys[i].Pos()).WithHint("write MAP['async', 'true']")
		}
		if err := setCalling(out, key.Value, value.Value); err != nil {
			return nil, at(err, key.Pos())
		}
		if out.Async && !model.Remote {
			return nil, errs.Userf("'async' = 'true', but this model is computed in the task itself").At(value.Pos()).WithHint("leave it out")
		}
	}
	return out, nil
}

// setCalling reads one option.
func setCalling(c *logical.Calling, key, text string) error {
	var err error
	switch key {
	case "async":
		if c.Async, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
			err = errs.Userf("it is true or false")
		}
	case "max-concurrent-operations", "capacity":
		c.Capacity, err = positive(text)
	case "timeout":
		c.TimeoutMillis, err = durationMillis(text)
		if err == nil && c.TimeoutMillis <= 0 {
			err = errs.Userf("it is more than 0")
		}
	case "output-mode":
		c.Unordered, err = outputMode(text)
	default:
		return errs.Userf("CONFIG of %s has no '%s'", mlPredict, key).WithHint("it knows async, max-concurrent-operations, output-mode, timeout")
	}
	if err != nil {
		return errs.Userf("'%s' = '%s': %s", key, text, err)
	}
	return nil
}
