package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// Client sends requests as its options say. Any goroutine may use it.
type Client struct {
	opts CallOptions
	http *http.Client
}

// NewClient makes a client. It follows no redirects: headers with credentials are for
// the address that was declared, and for no other.
func NewClient(opts CallOptions) *Client {
	return &Client{opts: opts, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// StatusError is the cause of an error that tells what a service answered.
type StatusError struct {
	Status int
	Header http.Header
	text   string
}

// Error tells status and beginning of the answer.
func (e *StatusError) Error() string { return e.text }

// delayMax bounds the wait before a repetition, excerptBytes what is shown of an answer.
const (
	delayMax     = 30 * time.Second
	excerptBytes = 200
)

// Post sends a body of JSON and gives the answer's. It repeats what may succeed later,
// until ctx ends.
func (c *Client) Post(ctx context.Context, body []byte) ([]byte, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	delay := min(c.opts.RetryDelay, delayMax)
	for attempt := 0; ; attempt++ {
		answer, after, err := c.once(ctx, body)
		if err == nil || after < 0 || attempt >= c.opts.RetriesMax || ctx.Err() != nil {
			return answer, err
		}
		timer := time.NewTimer(max(delay, after))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, errs.Wrap(errs.Resource, ctx.Err(), "%s", c.opts.URL)
		case <-timer.C:
		}
		delay = min(2*delay, delayMax)
	}
}

// once sends a request. after is the least wait before another one may succeed, of
// at most delayMax; -1 means that none will.
func (c *Client) once(ctx context.Context, body []byte) (answer []byte, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opts.URL, bytes.NewReader(body))
	if err != nil {
		return nil, -1, errs.Wrap(errs.User, err, "%s", c.opts.URL)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range c.opts.Header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, errs.Wrap(errs.Resource, err, "call a service")
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, c.opts.AnswerMaxLen+1))
	switch {
	case err != nil:
		return nil, 0, errs.Wrap(errs.Resource, err, "read the answer of %s", c.opts.URL)
	case int64(len(answer)) > c.opts.AnswerMaxLen:
		return nil, -1, errs.Resourcef("the answer of %s has more than %d bytes", c.opts.URL, c.opts.AnswerMaxLen).WithHint("set 'batch-size' lower")
	case response.StatusCode == http.StatusOK:
		return answer, 0, nil
	}
	class, after := errs.User, time.Duration(-1)
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500 {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		class, after = errs.Resource, time.Duration(min(max(0, seconds), int(delayMax/time.Second)))*time.Second
	}
	return nil, after, errs.Wrap(class, &StatusError{Status: response.StatusCode, Header: response.Header,
		text: fmt.Sprintf("%s answered %s: %s", c.opts.URL, response.Status, Excerpt(answer))}, "call a service")
}

// Excerpt is the beginning of an answer on one line.
func Excerpt(answer []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer), "�")), " ")
	if len(text) <= excerptBytes {
		return text
	}
	end := excerptBytes
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s…", text[:end])
}
