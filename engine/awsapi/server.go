// Package awsapi is the AWS-compatible front door: one address that serves several
// services, told apart by what their requests name.
package awsapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/kinesis"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
	"github.com/thalweg/thalweg/internal/calmlog"
)

// Options configure the front door. The zero value serves callers on this machine
// without looking at their signatures.
type Options struct {
	// Account and Region are those in ARNs; the region of a caller's credential
	// goes before.
	Account string
	Region  string
	// Secrets are the secret keys by access key id. With any, every call must be
	// signed with one of them; without, only callers on this machine are served.
	Secrets map[string]string
	// Transition is how long streams stay CREATING, UPDATING and DELETING.
	Transition time.Duration
	// Limits hold callers to what AWS lets them; without, there are none.
	Limits bool
	// Log takes failures; nil discards them. Of those that are alike, as on a full disk,
	// it gets the first and, once a minute, the number of the others.
	Log *slog.Logger
}

// repeatEvery is how often the log is told of failures that are alike.
const repeatEvery = time.Minute

// DefaultRegion and DefaultAccount are those of Options that name none.
const (
	DefaultRegion  = "us-east-1"
	DefaultAccount = "000000000000"
)

// New makes the handler over the log of a data directory.
func New(store *shardlog.Store, o Options) http.Handler {
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.Account == "" {
		o.Account = DefaultAccount
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = slog.New(calmlog.New(o.Log.Handler(), repeatEvery))
	streams := kinesis.New(store, kinesis.Options{Account: o.Account, Transition: o.Transition, Limits: o.Limits, Log: o.Log})
	handler := wire.NewHandler(&wire.Verifier{Secrets: o.Secrets}, o.Region, o.Log, streams.Wire())
	handler.AddQuery(identity(o.Account))
	return handler
}

// identity is as much of the Security Token Service as the Kinesis Producer Library
// needs: it asks whose its credential is, to spell the ARNs of its streams.
func identity(account string) *wire.Query {
	q := wire.NewQuery("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")
	q.Handle("GetCallerIdentity", func(call wire.Call) []wire.Member {
		return []wire.Member{
			wire.NewMember("Arn", "arn:aws:iam::"+account+":user/"+call.AccessKey),
			wire.NewMember("UserId", call.AccessKey),
			wire.NewMember("Account", account),
		}
	})
	return q
}

// streamsPerConnection lets one worker hold a subscription to each of its shards
// on one connection.
const streamsPerConnection = 1000

// Configure makes a server speak HTTP/1.1 and HTTP/2 on one port, also without TLS:
// the SDKs of JavaScript and Java use HTTP/2 by prior knowledge. What clients may send,
// and how slowly, is the caller's to say (internal/httplimit).
func Configure(server *http.Server) {
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streamsPerConnection}
}
