package kinesis

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
	"github.com/thalweg/thalweg/internal/errs"
)

// Channels are kept with their stream and given back, but nothing delivers them:
// their state says so.

const (
	channelFailed = "FAILED"
	channelReason = "this server keeps channels but does not deliver records to S3 or to tables in S3"
	// freshnessDefault is the DataFreshnessInSeconds of channels that give none.
	freshnessDefault = 300
	listChannelsMax  = 100
	// channelLimit is what DescribeLimits answers; nothing enforces it.
	channelLimit = 1000
)

// channel is a channel as it is kept.
type channel struct {
	Name          string            `msgpack:"n"`
	ID            string            `msgpack:"i"`
	CreatedMillis int64             `msgpack:"c"`
	Tags          map[string]string `msgpack:"t,omitempty"`
	// Config is the createChannelInput in JSON.
	Config []byte `msgpack:"j"`
}

// channelPath tells the ARNs of channels.
const channelPath = ":channel/"

// foundChannel is a channel with its stream.
type foundChannel struct {
	channel
	stream *opened
}

func (s *Service) channelARN(call wire.Call, c channel) string {
	return "arn:aws:kinesis:" + call.Region + ":" + s.options.Account + channelPath + c.Name + "/" + c.ID
}

// channels lists all, by name.
func (s *Service) channels() []foundChannel {
	var out []foundChannel
	for _, name := range s.store.Streams() {
		o, err := s.open(name)
		if err != nil {
			continue // deleted meanwhile
		}
		for _, c := range o.attrs.Channels {
			out = append(out, foundChannel{c, o})
		}
	}
	slices.SortFunc(out, func(a, b foundChannel) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *Service) findChannel(arn string) (foundChannel, error) {
	_, path, ok := strings.Cut(arn, channelPath)
	for _, c := range s.channels() {
		if ok && path == c.Name+"/"+c.ID {
			return c, nil
		}
	}
	return foundChannel{}, wire.Errorf(codeNotFound, "Channel %s not found.", arn)
}

func (s *Service) createChannel(_ context.Context, call wire.Call, in *createChannelInput) (*channelOutput, error) {
	if err := checkChannel(in); err != nil {
		return nil, err
	}
	o, err := s.openActive(streamRef{StreamARN: in.StreamConfigurationList[0].StreamARN})
	if err != nil {
		return nil, err
	}
	if !o.OnDemand() {
		return nil, wire.Errorf(wire.CodeValidation, "Stream %s is not in ON_DEMAND mode, which channels need", o.name)
	}
	s.settings.Lock()
	defer s.settings.Unlock()
	if slices.ContainsFunc(s.channels(), func(c foundChannel) bool { return c.Name == *in.ChannelName }) {
		return nil, wire.Errorf(codeInUse, "Channel %s under account %s already exists.", *in.ChannelName, s.options.Account)
	}
	in.StreamConfigurationList[0].StreamCreationTimestamp = wire.NewTimestamp(o.created)
	if in.LoggingConfiguration == nil {
		in.LoggingConfiguration = new(channelLogging) // which descriptions must have
	}
	for _, freshness := range freshnessOf(in) {
		if *freshness == nil {
			*freshness = new(int64)
			**freshness = freshnessDefault
		}
	}
	c := channel{Name: *in.ChannelName, ID: uuid.NewString(), CreatedMillis: s.options.Now().UnixMilli(), Tags: in.Tags}
	if err := c.setConfig(in); err != nil {
		return nil, err
	}
	err = s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.Channels = append(a.Channels, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.describeChannelAs(call, c)
}

// checkChannel checks what constraints can't say.
func checkChannel(in *createChannelInput) error {
	if (in.S3 == nil) == (in.S3Tables == nil) {
		return wire.Errorf(wire.CodeValidation, "exactly one of S3DestinationConfiguration and S3TablesDestinationConfiguration must be given")
	}
	if len(in.StreamConfigurationList) != 1 {
		return wire.Errorf(wire.CodeValidation, "a channel has one stream, not %d", len(in.StreamConfigurationList))
	}
	return checkTags(in.Tags, nil)
}

// freshnessOf gives the freshness of the destinations that there are.
func freshnessOf(in *createChannelInput) []**int64 {
	var out []**int64
	if in.S3 != nil {
		out = append(out, &in.S3.DataFreshnessInSeconds)
	}
	if in.S3Tables != nil {
		out = append(out, &in.S3Tables.DataFreshnessInSeconds)
	}
	return out
}

func (c *channel) setConfig(in *createChannelInput) (err error) {
	c.Config, err = json.Marshal(in)
	return errs.Wrap(errs.Bug, err, "encoding a channel")
}

func (c *channel) config() (*createChannelInput, error) {
	in := new(createChannelInput)
	return in, errs.Wrap(errs.Corruption, json.Unmarshal(c.Config, in), "channel %s", c.Name)
}

func (s *Service) describeChannelAs(call wire.Call, c channel) (*channelOutput, error) {
	in, err := c.config()
	if err != nil {
		return nil, err
	}
	return &channelOutput{channelDescription{
		ChannelARN: s.channelARN(call, c), ChannelId: c.ID, ChannelName: c.Name, ChannelStatus: channelFailed, ChannelStatusReason: channelReason,
		ChannelCreationTimestamp: wire.Timestamp{Time: time.UnixMilli(c.CreatedMillis)}, ServiceExecutionRoleARN: in.ServiceExecutionRoleARN,
		StreamConfigurationList: in.StreamConfigurationList, LoggingConfiguration: in.LoggingConfiguration,
		EncryptionConfiguration: in.EncryptionConfiguration, S3: in.S3, S3Tables: in.S3Tables,
	}}, nil
}

func (s *Service) describeChannel(_ context.Context, call wire.Call, in *channelRef) (*channelOutput, error) {
	c, err := s.findChannel(*in.ChannelARN)
	if err != nil {
		return nil, err
	}
	return s.describeChannelAs(call, c.channel)
}

func (s *Service) updateChannel(_ context.Context, call wire.Call, in *updateChannelInput) (*channelOutput, error) {
	s.settings.Lock()
	defer s.settings.Unlock()
	found, err := s.findChannel(*in.ChannelARN)
	if err != nil {
		return nil, err
	}
	c := found.channel
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	if in.S3 != nil && config.S3 == nil || in.S3Tables != nil && config.S3Tables == nil {
		return nil, wire.Errorf(wire.CodeValidation, "a channel's kind of destination can't be changed")
	}
	if in.LoggingConfiguration != nil {
		config.LoggingConfiguration = in.LoggingConfiguration
	}
	if in.S3 != nil && in.S3.DataFreshnessInSeconds != nil {
		config.S3.DataFreshnessInSeconds = in.S3.DataFreshnessInSeconds
	}
	if in.S3Tables != nil && in.S3Tables.DataFreshnessInSeconds != nil {
		config.S3Tables.DataFreshnessInSeconds = in.S3Tables.DataFreshnessInSeconds
	}
	if err := c.setConfig(config); err != nil {
		return nil, err
	}
	err = s.setChannel(found, func(all []channel, at int) ([]channel, error) {
		all[at] = c
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	return s.describeChannelAs(call, c)
}

func (s *Service) deleteChannel(_ context.Context, _ wire.Call, in *channelRef) (*none, error) {
	found, err := s.findChannel(*in.ChannelARN)
	if err != nil {
		return nil, err
	}
	return nil, s.setChannel(found, func(all []channel, at int) ([]channel, error) { return slices.Delete(all, at, at+1), nil })
}

// tagChannel changes a channel's tags.
func (s *Service) tagChannel(arn string, change func(map[string]string) error) error {
	s.settings.Lock()
	defer s.settings.Unlock()
	found, err := s.findChannel(arn)
	if err != nil {
		return err
	}
	return s.setChannel(found, func(all []channel, at int) ([]channel, error) {
		if all[at].Tags == nil {
			all[at].Tags = map[string]string{}
		}
		return all, change(all[at].Tags)
	})
}

// setChannel changes the list of a stream's channels; change may refuse.
func (s *Service) setChannel(c foundChannel, change func(all []channel, at int) ([]channel, error)) error {
	return s.update(c.stream, func(a *attributes, _ *shardlog.Annotations) error {
		at := slices.IndexFunc(a.Channels, func(x channel) bool { return x.ID == c.ID })
		if at < 0 {
			return wire.Errorf(codeNotFound, "Channel %s not found.", c.Name)
		}
		var err error
		a.Channels, err = change(a.Channels, at)
		return err
	})
}

func (s *Service) listChannels(_ context.Context, call wire.Call, in *listChannelsInput) (*listChannelsOutput, error) {
	after, limit := "", listChannelsMax
	if in.NextToken != nil {
		token, err := s.readToken(*in.NextToken, listingChannels)
		if err != nil {
			return nil, err
		}
		after = token.After
	}
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	wanted, err := s.filteredStreams(in.StreamFilter)
	if err != nil {
		return nil, err
	}
	out := &listChannelsOutput{ChannelSummaries: []channelSummary{}}
	for _, c := range s.channels() {
		if c.Name <= after || wanted != nil && !wanted[c.stream.name] {
			continue
		}
		if len(out.ChannelSummaries) == limit {
			out.NextToken = s.token(pageToken{Of: listingChannels, After: out.ChannelSummaries[limit-1].ChannelName})
			break
		}
		d, err := s.describeChannelAs(call, c.channel)
		if err != nil {
			return nil, err
		}
		out.ChannelSummaries = append(out.ChannelSummaries, summaryOf(d.ChannelDescription, s.streamARN(call, c.stream.name)))
	}
	return out, nil
}

// filteredStreams are the names of the streams in a filter; nil for none.
func (s *Service) filteredStreams(filter []streamFilter) (map[string]bool, error) {
	if len(filter) == 0 {
		return nil, nil
	}
	out := map[string]bool{}
	for _, f := range filter {
		name, err := s.name(streamRef{StreamARN: f.StreamARN})
		if err != nil {
			return nil, err
		}
		out[name] = true
	}
	return out, nil
}

func summaryOf(d channelDescription, streamARN string) channelSummary {
	kind := "S3"
	if d.S3Tables != nil {
		kind = "S3_TABLES"
	}
	return channelSummary{ChannelARN: d.ChannelARN, ChannelId: d.ChannelId, ChannelName: d.ChannelName, ChannelStatus: d.ChannelStatus,
		ChannelStatusReason: d.ChannelStatusReason, ChannelCreationTimestamp: d.ChannelCreationTimestamp, ChannelDestinationType: kind,
		Streams: []channelIdentifier{{streamARN, d.StreamConfigurationList[0].StreamCreationTimestamp}}}
}
