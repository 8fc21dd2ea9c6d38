package job

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// badRecords makes what takes a source's bad records in one task.
func (e *enumerator) badRecords() *connector.BadCounter {
	return connector.NewBadCounter(e.policy, func(connector.BadRecord) error {
		return errs.Unsupportedf("dead-letter tables are not supported yet").WithHint("use 'bad-records' = 'skip'")
	})
}
