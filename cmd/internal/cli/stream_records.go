package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/cmd/internal/streams"
	"github.com/thalweg/thalweg/internal/errs"
)

// putFlags are the flags of `thalweg stream put`.
type putFlags struct {
	key, keyMember string
	whole          bool
}

func (f *streamFlags) put() *cobra.Command {
	var p putFlags
	c := &cobra.Command{
		Use: "put NAME [FILE …]", Short: "Put records into a stream",
		Long: "Put the lines of files, or of standard input (also -), as records into a stream; with --format json the lines are such as\n" +
			"`thalweg stream tail --format json` writes: {\"key\": …, \"data\": …}. Records without a key are spread evenly.",
		Example: "  thalweg stream put clicks --key-member user clicks.jsonl\n" +
			"  thalweg stream tail a --from earliest --no-follow --format json | thalweg stream put b --format json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name the stream")
			}
			return nil
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return f.completeNames(c, args, typed)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if p.key != "" && p.keyMember != "" {
				return usageError{errors.New("give one of --key and --key-member")}
			}
			return f.with(func(client *streams.Client) error { return f.putAll(c, client, p, args[0], args[1:]) })
		},
	}
	flags := c.Flags()
	flags.StringVar(&p.key, "key", "", "partition key of all records that have none")
	flags.StringVar(&p.keyMember, "key-member", "", "take the partition key from this member of the data, which is JSON")
	flags.BoolVar(&p.whole, "whole", false, "a file is one record, not one a line")
	return c
}

// putAll puts all files, one after the other, and sums up.
func (f *streamFlags) putAll(c *cobra.Command, client *streams.Client, p putFlags, name string, files []string) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	encoding := streams.Lines
	switch {
	case p.whole:
		encoding = streams.Whole
	case f.format == "json":
		encoding = streams.JSON
	}
	report := f.progress()
	var total streams.Done
	for _, file := range files {
		in, err := f.openInput(file)
		if err != nil {
			return err
		}
		reader := streams.NewReader(in, encoding)
		reader.Key, reader.KeyMember = p.key, p.keyMember
		done, err := client.Put(c.Context(), name, reader, func(d streams.Done) { report.show(add(total, d)) })
		total = add(total, done)
		if err := errors.Join(err, in.Close()); err != nil {
			report.wipe()
			if total.Records > 0 {
				fmt.Fprintf(f.stdio.Err, "%d records were put before the error\n", total.Records)
			}
			if file == "-" {
				file = "standard input"
			}
			return errs.Wrap(errs.ClassOf(err), err, "%s", file)
		}
	}
	report.wipe()
	return f.say(map[string]any{"stream": name, "records": total.Records, "bytes": total.Bytes}, "put %d records, %d bytes, into stream %s", total.Records, total.Bytes, name)
}

func add(a, b streams.Done) streams.Done {
	return streams.Done{Records: a.Records + b.Records, Bytes: a.Bytes + b.Bytes, Took: a.Took + b.Took}
}

func (f *streamFlags) openInput(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(f.stdio.In), nil
	}
	in, err := os.Open(file)
	return in, errs.Wrap(errs.User, err, "opening the records")
}

// putProgress is the line that a terminal sees while records are put.
type putProgress struct {
	out      io.Writer
	terminal bool
	last     time.Time
	shown    bool
}

func (f *streamFlags) progress() *putProgress {
	return &putProgress{out: f.stdio.Err, terminal: isTerminal(f.stdio.Err)}
}

func (p *putProgress) show(d streams.Done) {
	if now := time.Now(); p.terminal && now.Sub(p.last) >= progressOnTerminal {
		p.last, p.shown = now, true
		seconds := d.Took.Seconds()
		fmt.Fprintf(p.out, "\r\x1b[2K%s records  %s records/s  %.1f MB/s", count(float64(d.Records)), count(float64(d.Records)/seconds), float64(d.Bytes)/1e6/seconds)
	}
}

func (p *putProgress) wipe() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[2K")
	}
}

func (f *streamFlags) tail() *cobra.Command {
	t := streams.Tailing{}
	var from string
	var noFollow bool
	c := &cobra.Command{
		Use: "tail NAME", Short: "Print a stream's records as they come",
		Long: "Print a stream's records as they come: their data, a record a line, or with --format json also their key, shard, sequence number and\n" +
			"time. Those of a shard come in order, and after those of the shards it was split or merged from.",
		Example: "  thalweg stream tail clicks --from 15m\n" +
			"  thalweg stream tail clicks --from 2026-01-31T12:00:00Z --no-follow --format json",
		Args: oneStream,
		RunE: func(c *cobra.Command, args []string) (err error) {
			t.Stream, t.Follow = args[0], !noFollow
			t.Warn = func(text string) { fmt.Fprintln(f.stdio.Err, "warning: "+text) }
			if t.From, err = streams.ParseStart(from, time.Now()); err != nil {
				return usageError{err}
			}
			return f.with(func(client *streams.Client) error { return client.Tail(c.Context(), t, f.printRecord) })
		},
	}
	flags := c.Flags()
	flags.StringVar(&from, "from", "latest", "earliest, latest, a time such as 2026-01-31T12:00:00Z, a duration back from now such as 15m, or a sequence number")
	flags.StringVar(&t.Shard, "shard", "", "read this shard only")
	flags.BoolVar(&noFollow, "no-follow", false, "end when everything there is has been read")
	flags.Int64Var(&t.Limit, "limit", 0, "end after so many records")
	must(c.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"earliest", "latest"}, cobra.ShellCompDirectiveNoFileComp)))
	return c
}

func (f *streamFlags) printRecord(r streams.Record) error {
	if f.format == "json" {
		return writeJSONLine(f.stdio.Out, r)
	}
	var line strings.Builder
	line.WriteString(r.Data)
	line.Write(r.Binary)
	line.WriteByte('\n')
	_, err := io.WriteString(f.stdio.Out, line.String())
	return writeError(err)
}
