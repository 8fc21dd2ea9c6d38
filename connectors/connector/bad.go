package connector

// BadPolicy says what becomes of a record that can't be decoded.
type BadPolicy string

// The policies. Bad records are counted under each of them.
const (
	// BadFail fails the job at the first bad record.
	BadFail BadPolicy = "fail"
	// BadSkip leaves bad records out.
	BadSkip BadPolicy = "skip"
	// BadDeadLetter sends bad records to the table named by the option
	// 'bad-records.table'.
	BadDeadLetter BadPolicy = "dead-letter"
)

// BadRecord is a record that could not be decoded.
type BadRecord struct {
	// Where names the place: file and line, shard and sequence number, subject.
	Where string
	// Reason says what is wrong, with column and value.
	Reason string
	// Raw is the record's bytes (possibly cut to 64 KiB).
	Raw []byte
}

// BadRecords takes bad records by the table's policy. It returns an error when
// the policy is to fail.
type BadRecords interface {
	Bad(record BadRecord) error
}
