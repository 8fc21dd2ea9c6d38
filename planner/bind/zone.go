package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	zones "github.com/thalweg/thalweg/internal/temporal"
)

// zone is the name of the session's time zone, empty for UTC.
func (b *Binder) zone() (string, error) {
	name := b.settings["table.local-time-zone"]
	if name == "" || name == "default" {
		return "", nil
	}
	zone, ok := zones.ParseZone(name)
	if !ok {
		return "", errs.Userf("'table.local-time-zone' = '%s': there is no such time zone", name)
	}
	if zones.IsUTC(zone) {
		return "", nil
	}
	return name, nil
}
