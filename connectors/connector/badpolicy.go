package connector

import (
	"strings"
	"sync/atomic"

	"github.com/thalweg/thalweg/internal/errs"
)

// badRawMax is the longest piece of a bad record that is kept, in bytes.
const badRawMax = 64 << 10

// BadRecordOptions are the options of every connector that decodes records.
func BadRecordOptions() []OptionSpec {
	return []OptionSpec{
		{
			Name: "bad-records", Type: TypeEnum, Default: string(BadFail),
			Values:  []string{string(BadFail), string(BadSkip), string(BadDeadLetter)},
			Doc:     "What becomes of a record that can't be decoded. Bad records are counted in each case.",
			Example: "skip",
		},
		{
			Name: "bad-records.table", Type: TypeString,
			Doc:     "The table that takes bad records under the policy dead-letter; its columns are `place STRING, reason STRING, raw BYTES`.",
			Example: "bad_orders",
		},
	}
}

// BadPolicyOf reads the policy of a table whose spec holds BadRecordOptions, and
// the name of the dead-letter table. It checks that the two fit. A format's own
// option 'ignore-parse-errors' stands for the policy skip.
func BadPolicyOf(o Options) (policy BadPolicy, table string, err error) {
	if _, ok := o.specs["bad-records"]; !ok {
		return BadFail, "", nil
	}
	policy, table = BadPolicy(o.String("bad-records")), o.String("bad-records.table")
	if !o.Given("bad-records") && table == "" && ignoresParseErrors(o) {
		policy = BadSkip
	}
	switch {
	case policy == BadDeadLetter && table == "":
		return policy, "", errs.Userf("'bad-records' = 'dead-letter' needs the option 'bad-records.table'")
	case policy != BadDeadLetter && table != "":
		return policy, "", errs.Userf("'bad-records.table' needs 'bad-records' = 'dead-letter'")
	}
	return policy, table, nil
}

// ignoresParseErrors reports that a format is told to leave out what it can't read.
func ignoresParseErrors(o Options) bool {
	for name := range o.given {
		if strings.HasSuffix(name, ".ignore-parse-errors") && o.values[name] == "true" {
			return true
		}
	}
	return false
}

// BadCounter is the BadRecords of a policy. It counts every record it is given
// and may be used by any number of goroutines.
type BadCounter struct {
	policy BadPolicy
	letter func(BadRecord) error
	count  atomic.Int64
}

var _ BadRecords = (*BadCounter)(nil)

// NewBadCounter makes a BadCounter. letter takes the records of the policy
// dead-letter and owns what it is given; it may block, and may be nil for the
// other policies.
func NewBadCounter(policy BadPolicy, letter func(BadRecord) error) *BadCounter {
	return &BadCounter{policy: policy, letter: letter}
}

// Bad takes one record by the policy. The record's bytes are copied if kept.
func (b *BadCounter) Bad(record BadRecord) error {
	b.count.Add(1)
	switch b.policy {
	case BadSkip:
		return nil
	case BadDeadLetter:
		raw := record.Raw[:min(len(record.Raw), badRawMax)]
		record.Raw = append([]byte(nil), raw...)
		return b.letter(record)
	}
	return errs.Userf("%s: %s", record.Where, record.Reason).
		WithHint("set 'bad-records' to 'skip' or 'dead-letter' to go on without such records")
}

// Count is the number of bad records so far.
func (b *BadCounter) Count() int64 { return b.count.Load() }
