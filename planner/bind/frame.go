package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
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
	if f.Start, err = c.frameBound(frameEnd{FrameBound: w.Frame.Start, rows: f.Rows}, order); err != nil {
		return f, err
	}
	if f.End, err = c.frameBound(frameEnd{FrameBound: w.Frame.End, rows: f.Rows, last: true}, order); err != nil {
		return f, err
	}
	if f.Start.Kind == rex.UnboundedFollowing || f.End.Kind == rex.UnboundedPreceding || f.Start.Kind > f.End.Kind {
		return f, errs.Userf("a frame can't go from %s to %s", w.Frame.Start.Kind, w.Frame.End.Kind).At(w.Frame.Pos()).
			WithHint("write the earlier end first, as in BETWEEN 2 PRECEDING AND CURRENT ROW")
	}
	return f, nil
}

// frameEnd is one end of a frame: the last one, or the first.
type frameEnd struct {
	sql.FrameBound
	rows, last bool
}

func (c *overColumns) frameBound(end frameEnd, order []rex.SortKey) (rex.FrameBound, error) {
	out := rex.FrameBound{Kind: rex.BoundKind(end.Kind)}
	if end.Offset == nil {
		return out, nil
	}
	var err error
	if end.rows {
		out.Offset, err = c.sb.b.count(end.Offset, "the number of rows of a frame")
		return out, err
	}
	if len(order) != 1 {
		return out, errs.Userf("a RANGE frame with a distance needs an ORDER BY of one column").At(end.Pos()).
			WithHint("use ROWS to count rows")
	}
	return c.sb.b.distance(end, c.exprs[order[0].Column].Type)
}
