package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/cmd/internal/streams"
)

// streamFlags are the flags that all of `thalweg stream` have.
type streamFlags struct {
	target streams.Target
	format string
	stdio  Stdio
}

const (
	envEndpoint  = "AWS_ENDPOINT_URL_KINESIS"
	envRegion    = "AWS_DEFAULT_REGION"
	envAccessKey = "AWS_ACCESS_KEY_ID"
	envSecret    = "AWS_SECRET_ACCESS_KEY"
)

// streamFormats are the values of --format.
var streamFormats = []string{"text", "json"}

func newStream(stdio Stdio) *cobra.Command {
	f := &streamFlags{stdio: stdio}
	c := &cobra.Command{
		Use:   "stream",
		Short: "Make, list, fill, follow and reshard streams",
		Long: "Make, list, fill, follow and reshard streams: those of a running server, or of any other Kinesis endpoint.\n" +
			"With --data, those of a server that is not running.\n\n" +
			"Credentials come from " + envAccessKey + " and " + envSecret + ", or from " + envCredentials + "; a server without any takes all.",
		Example: "  thalweg stream create clicks --shards 2\n" +
			"  echo '{\"user\": \"ann\"}' | thalweg stream put clicks --key-member user\n" +
			"  thalweg stream tail clicks --from 15m --format json",
		Args: cobra.ArbitraryArgs,
		RunE: needCommand,
	}
	flags := c.PersistentFlags()
	endpoint := streams.DefaultEndpoint
	if env := os.Getenv(envEndpoint); env != "" {
		endpoint = env
	}
	flags.StringVar(&f.target.Endpoint, "endpoint", endpoint, "URL of the Kinesis endpoint (or in "+envEndpoint+")")
	flags.StringVar(&f.target.DataDir, "data", "", "data directory of a server that is not running, in place of an endpoint")
	flags.StringVar(&f.target.Region, "region", os.Getenv(envRegion), "region to sign for (or in "+envRegion+")")
	flags.StringVar(&f.format, "format", "text", "form of output, and of records: "+strings.Join(streamFormats, " or "))
	must(c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(streamFormats, cobra.ShellCompDirectiveNoFileComp)))
	c.AddCommand(f.create(), f.list(), f.describe(), f.put(), f.tail(), f.reshard(), f.retain(), f.delete())
	for _, sub := range c.Commands() {
		if sub.ValidArgsFunction == nil && strings.Contains(sub.Use, "NAME") && sub.Name() != "create" {
			sub.ValidArgsFunction = f.completeNames
		}
	}
	return c
}

// with runs a command with a client.
func (f *streamFlags) with(do func(*streams.Client) error) error {
	if f.format != "text" && f.format != "json" {
		return usageError{fmt.Errorf("--format %q is none of %s", f.format, strings.Join(streamFormats, ", "))}
	}
	f.credentials()
	client, err := streams.Open(f.target)
	if err != nil {
		return err
	}
	return errors.Join(do(client), client.Close())
}

// credentials reads the environment.
func (f *streamFlags) credentials() {
	f.target.AccessKey, f.target.Secret = os.Getenv(envAccessKey), os.Getenv(envSecret)
	if f.target.AccessKey != "" && f.target.Secret != "" {
		return
	}
	first, _, _ := strings.Cut(os.Getenv(envCredentials), ",")
	f.target.AccessKey, f.target.Secret, _ = strings.Cut(first, ":")
}

// completionPatience is how long the shell waits for the names of streams.
const completionPatience = time.Second

// completeNames completes the names of streams, when a server is there.
func (f *streamFlags) completeNames(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	var names []string
	err := f.with(func(client *streams.Client) (err error) {
		names, err = client.Names(ctx)
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// say writes what a command did: a sentence, or a line of JSON.
func (f *streamFlags) say(object any, format string, args ...any) error {
	if f.format == "json" {
		return writeJSONLine(f.stdio.Out, object)
	}
	_, err := fmt.Fprintf(f.stdio.Out, format+"\n", args...)
	return writeError(err)
}

func writeJSONLine(w io.Writer, object any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return writeError(encoder.Encode(object))
}

// oneStream checks the arguments of commands on one stream.
func oneStream(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("name the stream")
	case 1:
		return nil
	}
	return fmt.Errorf("one stream is wanted, not %d", len(args))
}
