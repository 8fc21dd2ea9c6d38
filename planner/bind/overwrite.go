package bind

import (
	"maps"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// The options by which a connector learns that an INSERT replaces what is there, and
// which partition. One that can't do it does not have them.
const (
	optionOverwrite = "sink.overwrite"
	optionReplaced  = "sink.overwrite.partition."
)

// overwritten is a table as INSERT OVERWRITE writes it.
func (b *Binder) overwritten(s *sql.Insert, t *catalog.Table) (*catalog.Table, error) {
	if _, err := b.cat.Sink(t); err != nil {
		return nil, at(err, s.Table.Pos())
	}
	c := *t
	c.Options = maps.Clone(t.Options)
	c.Options[optionOverwrite] = "true"
	schema := Written(t)
	for _, p := range s.Partition {
		i := schema.Index(p.Column.Text)
		if i < 0 || p.Value == nil {
			continue // that it is unknown is found later
		}
		value, err := b.constant(p.Value, "PARTITION")
		if err != nil {
			return nil, err
		}
		text, ok := b.cat.Functions().Fold(castTo(castTo(value, schema[i].Type), types.StringType()))
		if !ok {
			return nil, errs.Userf("the value of the partition can't be told in advance").At(p.Value.Pos()).WithHint("write a literal")
		}
		c.Options[optionReplaced+p.Column.Text] = text.Str
	}
	if _, err := b.cat.Sink(&c); err != nil {
		return nil, errs.Unsupportedf("the connector '%s' can't replace what is there", t.Options["connector"]).At(s.Table.Pos()).
			WithHint("INSERT OVERWRITE is for the connector 'filesystem'")
	}
	return &c, nil
}
