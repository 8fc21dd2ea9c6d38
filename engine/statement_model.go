package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// createModel declares a model and makes it ready, so that mistakes show at once.
func (st *statement) createModel(stmt *sql.CreateModel) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	saw := st.session.modelAt(name, stmt.Temporary)
	if saw != nil && !stmt.OrReplace {
		if stmt.IfNotExists {
			return Result{Message: "model " + name + " exists already"}, nil
		}
		return Result{}, errs.Userf("there is already a model `%s`", name).At(stmt.Name.Span).
			WithHint("choose another name, or write IF NOT EXISTS")
	}
	m := meta.Model{Temporary: stmt.Temporary, Definition: model.Definition{Name: name, Options: map[string]string{}}}
	for _, side := range []struct {
		word    string
		columns []sql.Column
		to      *types.Schema
	}{{"INPUT", stmt.Input, &m.Input}, {"OUTPUT", stmt.Output, &m.Output}} {
		if len(side.columns) == 0 {
			return Result{}, errs.Userf("the model `%s` doesn't say its %s", name, side.word).At(stmt.Name.Span).
				WithHint("write CREATE MODEL %s INPUT (column TYPE, …) OUTPUT (column TYPE, …) WITH (…)", name)
		}
		if *side.to, err = modelColumns(&m.Definition, side.columns); err != nil {
			return Result{}, err
		}
	}
	if stmt.Comment != nil {
		m.Comment = *stmt.Comment
	}
	for _, o := range stmt.With {
		m.Options[o.Key] = o.Value
	}
	if err := st.defineModel(&m); err != nil {
		return Result{}, atFunctionOption(err, stmt.Name.Span, stmt.With)
	}
	return Result{Message: "created model " + name}, st.session.swapModel(swap[meta.Model]{key: name, saw: saw, now: &m, home: st.home(stmt.Name)}, m.Temporary)
}

// modelColumns are the columns of INPUT or OUTPUT.
func modelColumns(d *model.Definition, columns []sql.Column) (types.Schema, error) {
	var out types.Schema
	for _, c := range columns {
		if slices.Contains(out.Names(), c.Name.Text) {
			return nil, errs.Userf("there are two columns `%s`", c.Name.Text).At(c.Name.Span)
		}
		out = append(out, types.Field{Name: c.Name.Text, Type: c.Type})
		if c.Kind != sql.MetadataColumn {
			continue
		}
		if d.Metadata == nil {
			d.Metadata = map[string]string{}
		}
		if d.Metadata[c.Name.Text] = c.MetadataKey; c.MetadataKey == "" {
			d.Metadata[c.Name.Text] = c.Name.Text
		}
	}
	return out, nil
}

// defineModel checks a definition and keeps what it names.
func (st *statement) defineModel(m *meta.Model) error {
	if err := st.session.engine.keepModel(&m.Definition); err != nil {
		return err
	}
	_, err := st.catalog.parts.models.Function(m.Definition)
	return err
}

// alterModel renames a model, or sets and resets its options.
func (st *statement) alterModel(stmt *sql.Alter) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	m, ok := st.catalog.called.models.known[name]
	if !ok {
		if stmt.IfExists {
			return Result{Message: "nothing to alter"}, nil
		}
		return Result{}, st.noModel(name, stmt.Name)
	}
	saw := m
	m.Options = maps.Clone(m.Options)
	var with []sql.Option
	switch action := stmt.Actions[0].(type) {
	case *sql.AlterRename:
		if m.Name, err = st.relationName(action.To); err != nil {
			return Result{}, err
		}
		if _, taken := st.catalog.called.models.known[m.Name]; taken {
			return Result{}, errs.Userf("there is already a model `%s`", m.Name).At(action.To.Span)
		}
	case *sql.AlterSet:
		with = action.Options
		for _, o := range with {
			m.Options[o.Key] = o.Value
		}
	case *sql.AlterReset:
		for _, key := range action.Keys {
			delete(m.Options, key.Text)
		}
	default:
		return Result{}, errs.Userf("a model can't be altered so").At(action.Pos()).WithHint("write RENAME TO, SET or RESET")
	}
	if err := st.defineModel(&m); err != nil {
		return Result{}, atFunctionOption(err, stmt.Actions[0].Pos(), with)
	}
	w := swap[meta.Model]{key: name, to: m.Name, saw: &saw, now: &m, home: st.home(stmt.Name), goes: st.homeOfKey(m.Name)}
	return Result{Message: "altered model " + name}, st.session.swapModel(w, m.Temporary)
}

// dropModel forgets a model. Jobs that run keep it.
func (st *statement) dropModel(stmt *sql.Drop) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	m, ok := st.catalog.called.models.known[name]
	if !ok || stmt.Temporary && !m.Temporary {
		if stmt.IfExists {
			return Result{Message: "nothing to drop"}, nil
		}
		return Result{}, st.noModel(name, stmt.Name)
	}
	return Result{Message: "dropped model " + name}, st.session.removeModel(m)
}

// noModel is the error for a name that no model has.
func (st *statement) noModel(name string, at sql.Name) error {
	return st.catalog.called.models.missing(name, name).At(at.Span)
}

// model finds the model that a statement names.
func (st *statement) model(at sql.Name) (meta.Model, error) {
	name, err := st.relationName(at)
	if err != nil {
		return meta.Model{}, err
	}
	m, ok := st.catalog.called.models.known[name]
	if !ok {
		return m, st.noModel(name, at)
	}
	return m, nil
}

// describeModel lists the columns of a model.
func (st *statement) describeModel(stmt *sql.Describe) (Result, error) {
	m, err := st.model(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	var rows [][]string
	for _, side := range []struct {
		columns types.Schema
		input   string
	}{{m.Input, "TRUE"}, {m.Output, "FALSE"}} {
		for _, f := range side.columns {
			rows = append(rows, []string{f.Name, f.Type.WithNullable(true).String(), boolText(f.Type.Nullable), side.input})
		}
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"name", "type", "null", "is input"}, rows)}, nil
}

// modelsIn lists the names of a database's models in order.
func (c *sessionCatalog) modelsIn(database string) []string {
	var all []string
	for _, key := range c.called.models.names() {
		if in, name := c.splitKey(key); in == database {
			all = append(all, name)
		}
	}
	return all
}

// showCreateModel prints the declaration of a model.
func (st *statement) showCreateModel(stmt *sql.Show) (Result, error) {
	m, err := st.model(*stmt.Name)
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: ResultText, Message: createModelText(m, st.shown(m.Name))}, nil
}

// createModelText prints the statement that declares m under a name, without its secrets.
func createModelText(m meta.Model, name string) string {
	columns := func(schema types.Schema) string {
		texts := make([]string, len(schema))
		for i, f := range schema {
			texts[i] = quoteName(f.Name) + " " + f.Type.String()
			if key := m.Metadata[f.Name]; key != "" {
				texts[i] += " METADATA FROM " + types.QuoteString(key)
			}
		}
		return "(" + strings.Join(texts, ", ") + ")"
	}
	text := create(m.Temporary, "MODEL") + name + "\nINPUT " + columns(m.Input) + "\nOUTPUT " + columns(m.Output)
	if m.Comment != "" {
		text += "\nCOMMENT " + types.QuoteString(m.Comment)
	}
	return text + withText(m.Options, redact.Option)
}

// modelAt finds a model among the session's or the engine's.
func (s *Session) modelAt(name string, temporary bool) *meta.Model {
	from, mu := s.engine.models, &s.engine.mu
	if temporary {
		from, mu = s.models, &s.mu
	}
	mu.Lock()
	defer mu.Unlock()
	m, ok := from[name]
	if !ok {
		return nil
	}
	return &m
}

// removeModel forgets a model that the statement has seen.
func (s *Session) removeModel(saw meta.Model) error {
	return s.swapModel(swap[meta.Model]{key: saw.Name, saw: &saw}, saw.Temporary)
}
