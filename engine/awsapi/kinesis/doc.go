// Package kinesis serves the Kinesis Data Streams API on the built-in log, so that
// unmodified AWS SDKs, the AWS CLI and KCL read and write it. It translates:
// records, shards and positions are the log's own; what only the API knows of a
// stream (consumers, flags, policies) is kept with the stream as annotations.
//
// One store serves one account; the region in names is the one that the caller's
// credential names.
package kinesis
