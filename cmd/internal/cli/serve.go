package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/httpapi"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/httplimit"
)

// serveFlags are the flags of `thalweg serve`.
type serveFlags struct {
	dataDir     string
	listen      string
	aws         awsFlags
	parallelism int
	checkpoints time.Duration
	memory      string
	settings    []string
	logJSON     bool
}

func newServe(stdio Stdio) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Serve jobs and streams over REST",
		Long: "Serve jobs and streams over REST on one data directory, until a signal comes.\n\n" +
			"Jobs and the catalog outlive the process: after a restart, or a crash, jobs go on from their last checkpoint.",
		Example: "  thalweg serve --data /var/lib/thalweg\n" +
			"  curl localhost:8081/v1/statements -d '{\"sql\": \"SHOW TABLES\"}'",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serve(c.Context(), f, stdio) },
	}
	flags := c.Flags()
	flags.StringVar(&f.dataDir, "data", "", "data directory (required)")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8081", "address of the REST API")
	f.aws.add(flags)
	flags.IntVar(&f.parallelism, "parallelism", 0, "tasks of each stage (default: one a core)")
	flags.DurationVar(&f.checkpoints, "checkpoint-interval", 10*time.Second, "take a checkpoint of each job this often")
	flags.StringVar(&f.memory, "memory", "", "budget of state that each job keeps in memory (default 512mb)")
	flags.StringArrayVar(&f.settings, "set", nil, "set an option KEY=VALUE for every session (repeatable)")
	flags.BoolVar(&f.logJSON, "log-json", false, "log as JSON lines")
	return c
}

func serve(ctx context.Context, f serveFlags, stdio Stdio) error {
	if f.dataDir == "" {
		return usageError{errors.New("serve needs a folder for its jobs and streams: give it with --data DIR")}
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usageError{fmt.Errorf("--listen %q is not of the form HOST:PORT, such as 127.0.0.1:8081", f.listen)}
	}
	settings, err := parsePairs("--set", f.settings)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stdio.Err, nil))
	if f.logJSON {
		log = slog.New(slog.NewJSONHandler(stdio.Err, nil))
	}
	options := engine.Options{
		DataDir: f.dataDir, Parallelism: f.parallelism, CheckpointInterval: f.checkpoints, Settings: settings,
		Logger: log, RestartAttempts: -1, Stdout: func(line string) { fmt.Fprintln(stdio.Out, line) },
	}
	if f.memory != "" {
		if options.MemoryBudgetBytes, err = parseMemory(f.memory); err != nil {
			return err
		}
	}
	if err := checkSettings(settings, stdio.Err); err != nil {
		return err
	}
	if err := f.aws.check(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "can't listen on %s; choose another address with --listen", f.listen)
	}
	eng, err := engine.Open(ctx, options)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	aws, err := f.aws.serve(ctx, eng, log)
	if err != nil {
		return errors.Join(err, listener.Close(), eng.Close())
	}
	return errors.Join(serveHTTP(ctx, eng, listener, log), aws.close(), eng.Close())
}

// shutdownPatience is how long open requests may take when the server stops.
const shutdownPatience = 5 * time.Second

// newServer makes a server whose requests end with ctx, and whose clients have to send
// what they send.
func newServer(ctx context.Context, handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx }}
	httplimit.Default().Apply(server)
	return server
}

// serveHTTP answers requests until ctx is done.
func serveHTTP(ctx context.Context, eng *engine.Engine, listener net.Listener, log *slog.Logger) error {
	api := httpapi.New(eng, log)
	server := newServer(ctx, api)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("serving", "rest", "http://"+listener.Addr().String())
	select {
	case err := <-failed:
		return errors.Join(errs.Wrap(errs.Resource, err, "serving on %s", listener.Addr()), api.Close())
	case <-ctx.Done():
	}
	log.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
	defer cancel()
	err := server.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return errors.Join(err, api.Close())
}
