package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thalweg/thalweg/cmd/internal/streams"
	"github.com/thalweg/thalweg/cmd/internal/textable"
)

func (f *streamFlags) create() *cobra.Command {
	n := streams.Creation{Shards: 1}
	var tags []string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a stream", Args: oneStream,
		Example: "  thalweg stream create clicks --shards 4 --retention 168h",
		RunE: func(c *cobra.Command, args []string) (err error) {
			n.Name, f.target.MakeDir = args[0], true
			if n.Tags, err = parsePairs("--tag", tags); err != nil {
				return err
			}
			if n.OnDemand && c.Flags().Changed("shards") {
				return usageError{errors.New("--on-demand chooses the number of shards itself: leave --shards out")}
			}
			return f.with(func(client *streams.Client) error {
				if err := client.Create(c.Context(), n); err != nil {
					return err
				}
				s, err := client.Describe(c.Context(), n.Name)
				if err != nil {
					return err
				}
				return f.say(s, "made stream %s with %s", s.Name, shardsText(int(s.Shards)))
			})
		},
	}
	flags := c.Flags()
	flags.IntVar(&n.Shards, "shards", n.Shards, "number of shards")
	flags.BoolVar(&n.OnDemand, "on-demand", false, "let the stream choose its number of shards by load")
	flags.DurationVar(&n.Retention, "retention", 0, "how long records are kept, whole hours (default 24h)")
	flags.IntVar(&n.RecordKiB, "max-record-kib", 0, "size of the largest record, 1024 to 10240 (default 1024)")
	flags.StringArrayVar(&tags, "tag", nil, "a tag KEY=VALUE (repeatable)")
	return c
}

func shardsText(n int) string {
	if n == 1 {
		return "1 shard"
	}
	return fmt.Sprintf("%d shards", n)
}

func (f *streamFlags) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the streams", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.with(func(client *streams.Client) error {
				all, err := client.List(c.Context())
				if err != nil {
					return err
				}
				if f.format == "json" {
					for _, s := range all {
						if err := writeJSONLine(f.stdio.Out, s); err != nil {
							return err
						}
					}
					return nil
				}
				if len(all) == 0 {
					return f.say(nil, "there are no streams")
				}
				return f.printStreams(all)
			})
		},
	}
}

func (f *streamFlags) printStreams(all []streams.Stream) error {
	rows := make([][]string, len(all))
	for i, s := range all {
		rows[i] = []string{s.Name, s.Status, s.Mode, fmt.Sprint(s.Shards), fmt.Sprintf("%dh", s.RetentionHours), fmt.Sprint(s.Consumers),
			s.Created.Format(time.RFC3339)}
	}
	return writeError(textable.Write(f.stdio.Out, []textable.Column{{Name: "stream"}, {Name: "status"}, {Name: "mode"}, {Name: "shards", Right: true},
		{Name: "retention", Right: true}, {Name: "consumers", Right: true}, {Name: "created"}}, rows))
}

func (f *streamFlags) describe() *cobra.Command {
	return &cobra.Command{
		Use: "describe NAME", Short: "Show a stream and its shards, closed ones too", Args: oneStream,
		RunE: func(c *cobra.Command, args []string) error {
			return f.with(func(client *streams.Client) error {
				s, err := client.Describe(c.Context(), args[0])
				if err != nil {
					return err
				}
				shards, err := client.Shards(c.Context(), args[0])
				if err != nil {
					return err
				}
				if f.format == "json" {
					return writeJSONLine(f.stdio.Out, struct {
						streams.Stream
						All []streams.Shard `json:"all_shards"`
					}{s, shards})
				}
				if err := f.printStreams([]streams.Stream{s}); err != nil {
					return err
				}
				fmt.Fprintln(f.stdio.Out)
				return f.printShards(shards)
			})
		},
	}
}

func (f *streamFlags) printShards(shards []streams.Shard) error {
	rows := make([][]string, len(shards))
	for i, s := range shards {
		state := "closed"
		if s.Open {
			state = "open"
		}
		rows[i] = []string{s.ID, state, fmt.Sprintf("%.1f%%", 100*s.Share()), strings.Join(s.Parents, " "), s.FirstHash}
	}
	return writeError(textable.Write(f.stdio.Out, []textable.Column{{Name: "shard"}, {Name: "state"}, {Name: "keys", Right: true}, {Name: "parents"},
		{Name: "first hash key", Right: true}}, rows))
}

func (f *streamFlags) reshard() *cobra.Command {
	var shards int
	var split, at, merge string
	c := &cobra.Command{
		Use: "reshard NAME", Short: "Change the shards of a stream", Args: oneStream,
		Long: "Change the shards of a stream while it is used. Give one of --shards, --split and --merge.",
		Example: "  thalweg stream reshard clicks --shards 8\n" +
			"  thalweg stream reshard clicks --split shardId-000000000000\n" +
			"  thalweg stream reshard clicks --merge shardId-000000000001,shardId-000000000002",
		RunE: func(c *cobra.Command, args []string) error {
			first, second, pair := strings.Cut(merge, ",")
			given := 0
			for _, flag := range []string{"shards", "split", "merge"} {
				if c.Flags().Changed(flag) {
					given++
				}
			}
			switch {
			case given != 1:
				return usageError{errors.New("give one of --shards, --split and --merge")}
			case merge != "" && !pair:
				return usageError{errors.New("--merge takes two shards, A,B")}
			case at != "" && split == "":
				return usageError{errors.New("--at belongs to --split")}
			}
			return f.with(func(client *streams.Client) (err error) {
				switch {
				case split != "":
					err = client.Split(c.Context(), args[0], split, at)
				case pair:
					err = client.Merge(c.Context(), args[0], first, second)
				default:
					err = client.Scale(c.Context(), args[0], shards, func(step string) { fmt.Fprintln(f.stdio.Err, step) })
				}
				if err != nil {
					return err
				}
				s, err := client.Describe(c.Context(), args[0])
				if err != nil {
					return err
				}
				return f.say(s, "stream %s has %s", s.Name, shardsText(int(s.Shards)))
			})
		},
	}
	flags := c.Flags()
	flags.IntVar(&shards, "shards", 0, "split and merge until so many are open, evenly")
	flags.StringVar(&split, "split", "", "split this shard")
	flags.StringVar(&at, "at", "", "with --split: the first hash key of the second part (default: the middle)")
	flags.StringVar(&merge, "merge", "", "merge two neighbouring shards, A,B")
	return c
}

func (f *streamFlags) retain() *cobra.Command {
	return &cobra.Command{
		Use: "retain NAME DURATION", Short: "Change how long a stream keeps its records",
		Example: "  thalweg stream retain clicks 168h",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := time.ParseDuration(args[1])
			if err != nil {
				return usageError{fmt.Errorf("%q is no duration such as 48h", args[1])}
			}
			return f.with(func(client *streams.Client) error {
				if err := client.Retain(c.Context(), args[0], d); err != nil {
					return err
				}
				s, err := client.Describe(c.Context(), args[0])
				if err != nil {
					return err
				}
				return f.say(s, "stream %s keeps its records for %d hours", s.Name, s.RetentionHours)
			})
		},
	}
}

func (f *streamFlags) delete() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete a stream and its records", Args: oneStream,
		RunE: func(c *cobra.Command, args []string) error {
			return f.with(func(client *streams.Client) error {
				if err := client.Delete(c.Context(), args[0], force); err != nil {
					return err
				}
				return f.say(map[string]string{"deleted": args[0]}, "deleted stream %s", args[0])
			})
		},
	}
	c.Flags().BoolVar(&force, "force", false, "also if consumers are registered")
	return c
}
