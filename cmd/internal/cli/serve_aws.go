package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/internal/errs"
)

// awsFlags are the flags of the AWS-compatible API.
type awsFlags struct {
	listen      string
	account     string
	region      string
	credentials []string
	cert, key   string
	transition  time.Duration
	limits      bool
}

// envCredentials holds ID:SECRET pairs separated by commas, so that secrets need not
// stand in a command line.
const envCredentials = "THALWEG_AWS_CREDENTIALS"

func (f *awsFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "aws-listen", "127.0.0.1:4567", "address of the AWS-compatible API (Kinesis Data Streams); empty for none")
	flags.StringVar(&f.account, "aws-account", awsapi.DefaultAccount, "account id in ARNs")
	flags.StringVar(&f.region, "aws-region", awsapi.DefaultRegion, "region of calls whose credential names none")
	flags.StringArrayVar(&f.credentials, "aws-credentials", nil,
		"access key ID:SECRET that calls must be signed with (repeatable, or in "+envCredentials+"); without any, only this machine is served")
	flags.StringVar(&f.cert, "aws-tls-cert", "", "certificate file: serve the AWS-compatible API over TLS")
	flags.StringVar(&f.key, "aws-tls-key", "", "key file of the certificate")
	flags.DurationVar(&f.transition, "aws-transition", 0, "how long streams stay CREATING, UPDATING and DELETING")
	flags.BoolVar(&f.limits, "aws-limits", false, "refuse what AWS would: more than 1 MB/s and 1,000 records/s into a shard, 2 MB/s and 5 reads/s out of it")
}

// secrets reads the credentials of flags and environment.
func (f *awsFlags) secrets() (map[string]string, error) {
	out := map[string]string{}
	pairs := f.credentials
	if env := os.Getenv(envCredentials); env != "" {
		pairs = append(pairs[:len(pairs):len(pairs)], strings.Split(env, ",")...)
	}
	for _, pair := range pairs {
		id, secret, ok := strings.Cut(pair, ":")
		if !ok || id == "" || secret == "" {
			return nil, usageError{errors.New("--aws-credentials must have the form ID:SECRET")}
		}
		out[id] = secret
	}
	return out, nil
}

// check finds mistakes before anything is opened.
func (f *awsFlags) check() error {
	if _, err := f.secrets(); err != nil || f.listen == "" {
		return err
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usageError{fmt.Errorf("--aws-listen %q is not of the form HOST:PORT, such as 127.0.0.1:4567", f.listen)}
	}
	if (f.cert == "") != (f.key == "") {
		return usageError{errors.New("--aws-tls-cert and --aws-tls-key belong together")}
	}
	return nil
}

// awsServer is the running API; the zero value is none.
type awsServer struct{ server *http.Server }

// serve begins to answer in the background.
func (f *awsFlags) serve(ctx context.Context, eng *engine.Engine, log *slog.Logger) (awsServer, error) {
	if f.listen == "" {
		return awsServer{}, nil
	}
	secrets, err := f.secrets()
	if err != nil {
		return awsServer{}, err
	}
	store, err := eng.Streams()
	if err != nil {
		return awsServer{}, err
	}
	for _, err := range store.Damaged() {
		log.Error("a stream is left as it is", "error", err)
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return awsServer{}, errs.Wrap(errs.Resource, err, "can't listen on %s; choose another address with --aws-listen, or none with --aws-listen ''", f.listen)
	}
	server := newServer(ctx, awsapi.New(store, awsapi.Options{Account: f.account, Region: f.region, Secrets: secrets, Transition: f.transition,
		Limits: f.limits, Log: log}))
	awsapi.Configure(server)
	scheme, serve := "http", func() error { return server.Serve(listener) }
	if f.cert != "" {
		scheme, serve = "https", func() error { return server.ServeTLS(listener, f.cert, f.key) }
	}
	go func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the AWS-compatible API has stopped", "error", err)
		}
	}()
	log.Info("serving", "aws", scheme+"://"+listener.Addr().String())
	return awsServer{server}, nil
}

// close stops answering; subscriptions end with their connections.
func (a awsServer) close() error {
	if a.server == nil {
		return nil
	}
	stopping, cancel := context.WithTimeout(context.Background(), shutdownPatience)
	defer cancel()
	if err := a.server.Shutdown(stopping); errors.Is(err, context.DeadlineExceeded) {
		return a.server.Close()
	} else if err != nil {
		return err
	}
	return nil
}
