package remote

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// refusing is a service that is never ready; asked are the times of the requests.
type refusing struct {
	retryAfter string
	asked      []time.Time
}

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.asked = append(r.asked, time.Now())
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {r.retryAfter}}, Body: io.NopCloser(strings.NewReader("not now"))}, nil
}

// TestWaitsAreBounded repeats a request so often that waits that double without a bound
// would overflow, and tells it to wait for longer than a duration can be.
func TestWaitsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name        string
		delay       time.Duration
		retryAfter  string
		first, last time.Duration
	}{
		{"doubling", 100 * time.Millisecond, "", 100 * time.Millisecond, delayMax},
		{"a long delay", math.MaxInt64, "", delayMax, delayMax},
		{"retry after", time.Millisecond, "2", 2 * time.Second, delayMax},
		{"retry after 292 years", time.Millisecond, "9223372037", delayMax, delayMax},
		{"retry after more than a number", time.Millisecond, "99999999999999999999", delayMax, delayMax},
		{"retry after less than nothing", time.Millisecond, "-9223372037", time.Millisecond, delayMax},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &refusing{retryAfter: c.retryAfter}
				client := NewClient(CallOptions{URL: "http://service", Timeout: time.Second, RetriesMax: 70, RetryDelay: c.delay, AnswerMaxLen: 100})
				client.http.Transport = service
				if _, err := client.Post(context.Background(), nil); err == nil {
					t.Fatal("no error")
				}
				var waits []time.Duration
				for i, at := range service.asked[1:] {
					waits = append(waits, at.Sub(service.asked[i]))
				}
				if len(waits) != 70 || waits[0] != c.first || waits[69] != c.last || !slices.IsSorted(waits) {
					t.Errorf("waits %v", waits)
				}
			})
		})
	}
}
