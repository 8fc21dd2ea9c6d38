package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// frame binds a frame. Without one, an ORDER BY gives all rows up to the current
// one's last peer, no ORDER BY the whole partition.
func (c *overColumns) frame(w *sql.WindowSpec, order []rex.SortKey) (rex.Frame, error) {
	f := rex.Frame{Start: rex.FrameBound{Kind: rex.UnboundedPreceding}, End: rex.FrameBound{Kind: rex.CurrentRow}}
	if w.Frame == nil {
		if len(order) == 0 {
			f.End.Kind = rex.UnboundedFollowing
		}
		return f, nil
	}
	f.Rows = w.Frame.Rows
	var err error
	if f.Start, err = c.frameBound(w.Frame.Start, f.Rows, order); err != nil {
		return f, err
	}
	if f.End, err = c.frameBound(w.Frame.End, f.Rows, order); err != nil {
		return f, err
	}
	if f.Start.Kind == rex.UnboundedFollowing || f.End.Kind == rex.UnboundedPreceding || f.Start.Kind > f.End.Kind {
		return f, errs.Userf("a frame can't go from %s to %s", w.Frame.Start.Kind, w.Frame.End.Kind).At(w.Frame.Pos()).
			WithHint("write the earlier end first, as in BETWEEN 2 PRECEDING AND CURRENT ROW")
	}
	return f, nil
}

func (c *overColumns) frameBound(b sql.FrameBound, rows bool, order []rex.SortKey) (rex.FrameBound, error) {
	out := rex.FrameBound{Kind: rex.BoundKind(b.Kind)}
	if b.Offset == nil {
		return out, nil
	}
	var err error
	if rows {
		out.Offset, err = c.sb.b.count(b.Offset, "the number of rows of a frame")
		return out, err
	}
	if len(order) != 1 {
		return out, errs.Userf("a RANGE frame with a distance needs an ORDER BY of one column").At(b.Pos()).
			WithHint("use ROWS to count rows")
	}
	out.Offset, err = c.rangeOffset(b, c.exprs[order[0].Column].Type)
	return out, err
}

// rangeOffset is a distance in units of the order column as it is stored.
func (c *overColumns) rangeOffset(b sql.FrameBound, t types.Type) (int64, error) {
	if t.IsInteger() {
		return c.sb.b.count(b.Offset, "the distance of a RANGE frame over "+t.WithNullable(true).String())
	}
	perMilli, ok := unitsPerMilli(t)
	if !ok {
		return 0, unsupported(b.Offset, "a RANGE frame with a distance over %s", t.WithNullable(true))
	}
	millis, err := c.sb.b.millis(b.Offset, "the distance of a RANGE frame over "+t.WithNullable(true).String())
	if err == nil && millis < 0 {
		err = errs.Userf("the distance of a frame must not be negative").At(b.Offset.Pos())
	}
	if t.Kind == types.Date {
		return millis / millisPerDay, err
	}
	return millis * perMilli, err
}

const millisPerDay = 24 * 60 * 60 * 1000

// unitsPerMilli is how many units a time column counts in a millisecond.
func unitsPerMilli(t types.Type) (int64, bool) {
	switch {
	case t.Kind == types.Date:
		return 0, true
	case t.Kind != types.Timestamp && t.Kind != types.TimestampLTZ:
		return 0, false
	case t.Precision <= 3:
		return 1, true
	case t.Precision <= 6:
		return 1000, true
	}
	return 1000 * 1000, true
}
