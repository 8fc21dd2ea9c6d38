package planner

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/bind"
	"github.com/thalweg/thalweg/planner/logical"
)

// emission reads the settings that have windows emitted before they are due, and
// after.
func (p *Planner) emission() (logical.Emission, error) {
	var e logical.Emission
	var err error
	if e.Early, e.EarlyMillis, err = p.fire("early"); err != nil {
		return e, err
	}
	if e.Late, e.LateMillis, err = p.fire("late"); err != nil {
		return e, err
	}
	if e.LatenessMillis, err = p.duration("table.exec.emit.allow-lateness"); err != nil {
		return e, err
	}
	if e.Late && e.LatenessMillis == 0 {
		return e, errs.Userf("'table.exec.emit.late-fire.enabled' needs 'table.exec.emit.allow-lateness'").
			WithHint("SET 'table.exec.emit.allow-lateness' = '1 min' says how late rows may change a window")
	}
	return e, nil
}

// fire reads whether early or late fire is on, and its delay.
func (p *Planner) fire(which string) (on bool, delayMillis int64, err error) {
	name := "table.exec.emit." + which + "-fire."
	switch text := p.opts.Settings[name+"enabled"]; text {
	case "", "false":
		return false, 0, nil
	case "true":
	default:
		return false, 0, errs.Userf("'%senabled' = '%s': it is true or false", name, text)
	}
	if p.opts.Settings[name+"delay"] == "" {
		return false, 0, errs.Userf("'%senabled' needs '%sdelay'", name, name).WithHint("'0 ms' emits after each batch of rows")
	}
	delayMillis, err = p.duration(name + "delay")
	return true, delayMillis, err
}

// duration reads a setting in milliseconds; 0 when it isn't set.
func (p *Planner) duration(name string) (int64, error) {
	text := p.opts.Settings[name]
	if text == "" {
		return 0, nil
	}
	d, err := bind.Duration(text)
	if err != nil {
		return 0, errs.Wrap(errs.User, err, "'%s'", name)
	}
	return d.Milliseconds(), nil
}
