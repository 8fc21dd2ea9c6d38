package shardlog

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// Options tune a store. The zero value means the defaults.
type Options struct {
	// FS is the file system; vfs.Default if nil.
	FS vfs.FS
	// Now is the wall clock; time.Now if nil.
	Now func() time.Time
	// SegmentBytes is the size at which a segment is ended; 64 MiB if 0.
	SegmentBytes int64
	// SegmentAge is the age at which it is; an hour if 0. Retention removes whole
	// segments, so records may stay so much longer.
	SegmentAge time.Duration
	// TailBytes bounds the newest records kept in memory for readers, over all
	// shards; 64 MiB if 0.
	TailBytes int64
	// TrimEvery is how often records are removed whose retention has ended; a
	// minute if 0, only by Store.Trim if negative.
	TrimEvery time.Duration
	// AdaptEvery is how often streams on demand are looked at, and split or merged
	// where their load asks for it; ten seconds if 0, only by Store.Adapt if
	// it or TrimEvery is negative.
	AdaptEvery time.Duration
	// OnDemandShards is the most shards that a stream on demand splits itself into;
	// 200 if 0.
	OnDemandShards int
	// MergeAfter is how long neighbours of a stream on demand take little before they
	// are merged; an hour if 0.
	MergeAfter time.Duration
	// Log is told what fails in the background: records that can't be removed, shards
	// that can't be split or merged. nil discards it.
	Log *slog.Logger
}

// The bounds of a stream's retention.
const (
	MinRetention = 24 * time.Hour
	MaxRetention = 8760 * time.Hour
)

// MaxShards is the most shards a stream can be created with.
const MaxShards = 10_000

// maxRecordBytes bounds a record: key and data.
const maxRecordBytes = 10 << 20

// maxKeyBytes bounds a partition key: 256 characters of four bytes.
const maxKeyBytes = 1024

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.SegmentAge == 0 {
		o.SegmentAge = time.Hour
	}
	if o.TailBytes == 0 {
		o.TailBytes = 64 << 20
	}
	if o.TrimEvery == 0 {
		o.TrimEvery = time.Minute
	}
	if o.AdaptEvery == 0 {
		o.AdaptEvery = 10 * time.Second
		if o.TrimEvery < 0 {
			o.AdaptEvery = -1
		}
	}
	if o.OnDemandShards == 0 {
		o.OnDemandShards = 200
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MergeAfter == 0 {
		o.MergeAfter = time.Hour
	}
	return o
}

// CheckName reports whether a stream can have the name, as a user error.
func CheckName(name string) error {
	valid := name != "" && len(name) <= 128 && name != "." && name != ".."
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		valid = valid && (letter || c == '_' || c == '-' || c == '.')
	}
	if !valid {
		return errs.Userf("%q can't be a stream's name", name).
			WithHint("a name has 1 to 128 letters, digits, '_', '-' and '.'")
	}
	return nil
}

// checkRetention reports whether a retention is in bounds, as a user error.
func checkRetention(d time.Duration) error {
	if d < MinRetention || d > MaxRetention || d%time.Hour != 0 {
		return errs.Userf("a retention of %s is not possible", d).WithHint("it is between 24 and 8760 whole hours")
	}
	return nil
}
