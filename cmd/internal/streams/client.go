package streams

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/internal/errs"
)

// DefaultEndpoint is where `thalweg serve` answers.
const DefaultEndpoint = "http://127.0.0.1:4567"

// Target says where the streams are.
type Target struct {
	// Endpoint is the URL of a Kinesis endpoint; DefaultEndpoint if empty.
	Endpoint string
	// DataDir is the data directory of a server that is not running; it goes before
	// Endpoint.
	DataDir string
	// MakeDir makes the data directory if there is none.
	MakeDir bool
	// Region is the region to sign for; us-east-1 if empty.
	Region string
	// AccessKey and Secret sign calls; without them any are taken.
	AccessKey, Secret string
}

// Client works on streams.
type Client struct {
	api   *kinesis.Client
	store *shardlog.Store // nil for an endpoint
	where string
}

// Open makes a client, which Close must be called on.
func Open(t Target) (*Client, error) {
	if t.Region == "" {
		t.Region = awsapi.DefaultRegion
	}
	if t.AccessKey == "" {
		t.AccessKey, t.Secret = "thalweg", "thalweg"
	}
	if t.Endpoint == "" {
		t.Endpoint = DefaultEndpoint
	}
	c := &Client{where: t.Endpoint}
	options := kinesis.Options{Region: t.Region, BaseEndpoint: aws.String(t.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(t.AccessKey, t.Secret, "")}
	if t.DataDir != "" {
		if _, err := os.Stat(t.DataDir); err != nil && !t.MakeDir {
			return nil, errs.Wrap(errs.User, err, "the data directory")
		}
		store, err := shardlog.Open(filepath.Join(t.DataDir, "log"), shardlog.Options{TrimEvery: -1})
		if err != nil {
			return nil, errs.Resourcef("%v", err).WithHint("if a server runs on it, talk to the server: leave --data out, or name its --endpoint")
		}
		c.store, c.where = store, t.DataDir
		options.HTTPClient = &http.Client{Transport: local{awsapi.New(store, awsapi.Options{})}}
	}
	c.api = kinesis.New(options)
	return c, nil
}

// Close frees the client.
func (c *Client) Close() error {
	if c.store == nil {
		return nil
	}
	return c.store.Close()
}

// local hands requests to a handler of this process.
type local struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (l local) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RemoteAddr = "127.0.0.1:0"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return w.Result(), r.Context().Err()
}

// explain puts an error of the API into the words of the command line.
func (c *Client) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return errs.Resourcef("no server answers on %s", c.where).
			WithHint("start one with `thalweg serve`, name another one with --endpoint, or open its data directory with --data")
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return errs.Wrap(errs.Resource, err, "%s", c.where)
	}
	switch code := api.ErrorCode(); {
	case api.ErrorFault() == smithy.FaultServer || code == "InternalFailure":
		return errs.Resourcef("%s: %s: %s", c.where, code, api.ErrorMessage())
	case strings.Contains(code, "Signature") || code == "UnrecognizedClientException" || code == "AccessDeniedException":
		return errs.Userf("%s: %s", c.where, api.ErrorMessage()).
			WithHint("credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from THALWEG_AWS_CREDENTIALS")
	}
	return errs.Userf("%s", strings.TrimSuffix(api.ErrorMessage(), "."))
}
