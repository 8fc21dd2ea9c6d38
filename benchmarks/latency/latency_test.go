package latency

import (
	"testing"
	"time"
)

// TestEveryRecordIsSeen runs the suite for a moment: each record is counted, and the
// figures are in order.
func TestEveryRecordIsSeen(t *testing.T) {
	r, err := Run(t.Context(), Options{RecordsPerSecond: 5_000, Duration: 100 * time.Millisecond, RecordBytes: 200, Clients: 2, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Records != 500 || r.MedianMillis <= 0 || r.MedianMillis > r.P99Millis || r.P99Millis > r.MaxMillis {
		t.Errorf("%+v", r)
	}
}
