package kinesis

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/thalweg/thalweg/internal/errs"
)

// Retries of calls that the network or the service failed.
const (
	attemptsMax = 12
	backoffMax  = 5 * time.Second
)

// newClient makes a client for the table's stream.
func (l *layout) newClient(ctx context.Context) (*kinesis.Client, error) {
	o := l.table.Options
	region := o.String(optionRegion)
	if region == "" && l.arn != "" {
		region = strings.Split(l.arn, ":")[3]
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(l.tune)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = attemptsMax, backoffMax
				// A stream that throttles is waited for as long as it takes.
				o.RateLimiter = unlimited{}
			})
		}),
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if o.String(optionProvider) == providerBasic {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(o.String(optionAccessKey), o.String(optionSecret), "")))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "table '%s': AWS's configuration", l.table.Name)
	}
	if c.Region == "" {
		return nil, errs.Userf("table '%s': there is no region", l.table.Name).WithHint("give it with '%s'", optionRegion)
	}
	return kinesis.NewFromConfig(c, func(k *kinesis.Options) {
		if endpoint := o.String(optionEndpoint); endpoint != "" {
			k.BaseEndpoint = &endpoint
		}
		if built, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
			k.HTTPClient = &http.Client{Transport: plainBodies{built.GetTransport()}}
		}
	}), nil
}

// connectionsMax lets each reader of a source keep its connection.
const connectionsMax = 256

func (l *layout) tune(t *http.Transport) {
	t.MaxIdleConnsPerHost, t.MaxIdleConns = connectionsMax, connectionsMax
	if l.table.Options.Bool(optionTrust) {
		t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
}

// unlimited lets every retry go.
type unlimited struct{}

// GetToken implements retry.RateLimiter.
func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

// AddTokens implements retry.RateLimiter.
func (unlimited) AddTokens(uint) error { return nil }

// plainBodies hides the WriteTo of request bodies: that of smithy-go 1.28.9 reports
// io.EOF once the body is closed, which makes the transport drop the connection under
// the events of a subscription.
type plainBodies struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

// code is the API's name of an error, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// failure wraps an error of a call: what the user can mend is the user's.
func (l *layout) failure(err error, doing string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	class := errs.Resource
	switch c := code(err); {
	case c == "ResourceNotFoundException", c == "InvalidArgumentException", c == "ValidationException", c == "AccessDeniedException",
		strings.Contains(c, "Signature"), c == "UnrecognizedClientException":
		class = errs.User
	}
	return errs.Wrap(class, err, "table '%s': %s stream %s", l.table.Name, doing, l.stream)
}

// name and arn select the stream in calls.
func (l *layout) ref() (name, arn *string) {
	if l.arn != "" {
		return nil, &l.arn
	}
	return &l.stream, nil
}

// listShards gives the stream's shards, the open and the closed ones, by the page.
func (l *layout) listShards(ctx context.Context, client *kinesis.Client, take func(*kinesis.ListShardsOutput)) error {
	in := &kinesis.ListShardsInput{}
	in.StreamName, in.StreamARN = l.ref()
	for {
		page, err := client.ListShards(ctx, in)
		if err != nil {
			return l.failure(err, "listing the shards of")
		}
		take(page)
		if page.NextToken == nil {
			return nil
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
}

// spreads reports that the stream puts records into any shard, whatever their keys: what
// is within an aggregated one is then of the shard that it lies in. Who may not describe
// the stream is taken to use keys.
func (l *layout) spreads(ctx context.Context, client *kinesis.Client) bool {
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = l.ref()
	out, err := client.DescribeStreamSummary(ctx, in)
	return err == nil && out.StreamDescriptionSummary != nil &&
		out.StreamDescriptionSummary.RecordDistributionStrategy == types.RecordDistributionStrategyAuto
}
