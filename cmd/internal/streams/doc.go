// Package streams is what `thalweg stream` does: it makes, lists, fills, follows and
// reshards streams by the Kinesis API. The streams may be those of a running server
// or any other Kinesis endpoint, or those in the data directory of a stopped one,
// which then is served to this process alone.
package streams
