package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// The options of a table that say how its event time is kept; the connector's spec has
// them too, which documents them.
const (
	optionIdle       = "scan.watermark.idle-timeout"
	optionAlignGroup = "scan.watermark.alignment.group"
	optionAlignDrift = "scan.watermark.alignment.max-drift"
)

// watermark declares the event time column.
func (b *Binder) watermark(node logical.Node, t *catalog.Table) (logical.Node, error) {
	schema := node.Props().Schema
	column := schema.Index(t.Watermark.Column)
	if column < 0 {
		return nil, errs.Userf("WATERMARK FOR %s: there is no such column", t.Watermark.Column)
	}
	ast, err := sql.ParseExpr(t.Watermark.Expr)
	if err != nil {
		return nil, err
	}
	x := &exprBinder{b: b, scope: scopeOf(t.Name, schema), clause: "WATERMARK"}
	s := logical.WatermarkSpec{Column: column}
	if s.Expr, err = x.expr(ast); err != nil {
		return nil, err
	}
	if !s.Expr.Type.IsTimestamp() {
		return nil, errs.Userf("WATERMARK must be a timestamp, not %s", s.Expr.Type)
	}
	if s.IdleMillis, err = b.idleMillis(t); err != nil {
		return nil, err
	}
	if s.Align, err = alignment(t); err != nil {
		return nil, err
	}
	return logical.NewWatermark(node, s), nil
}

// idleMillis reads how long a source may be silent before it is idle.
func (b *Binder) idleMillis(t *catalog.Table) (int64, error) {
	name, text := optionIdle, t.Options[optionIdle]
	if text == "" {
		name = "table.exec.source.idle-timeout"
		text = b.settings[name]
	}
	if text == "" {
		return 0, nil
	}
	d, err := Duration(text)
	return d.Milliseconds(), errs.Wrap(errs.User, err, "'%s'", name)
}

// withoutWatermark tells of options about event time of a table that declares none.
func (b *Binder) withoutWatermark(t *catalog.Table) {
	for _, name := range []string{optionIdle, optionAlignGroup, optionAlignDrift} {
		if t.Options[name] != "" {
			b.warn("table %s declares no WATERMARK: its '%s' has no effect", t.Name, name)
		}
	}
}

// alignment reads which sources a table's goes in step with.
func alignment(t *catalog.Table) (*logical.Alignment, error) {
	group, drift := t.Options[optionAlignGroup], t.Options[optionAlignDrift]
	switch {
	case group == "" && drift == "":
		return nil, nil
	case drift == "":
		return nil, errs.Userf("'%s' needs '%s'", optionAlignGroup, optionAlignDrift).WithHint("'30 s' lets a split be so much ahead of the group's slowest")
	case group == "":
		return nil, errs.Userf("'%s' needs '%s'", optionAlignDrift, optionAlignGroup).WithHint("tables of one group wait for each other")
	}
	d, err := Duration(drift)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "'%s'", optionAlignDrift)
	}
	return &logical.Alignment{Group: group, DriftMillis: d.Milliseconds()}, nil
}
