package kinesis

import (
	"context"
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

const (
	tagsMax          = 50
	tagKeyMax        = 128
	tagValueMax      = 256
	listTagsDefault  = 50
	reservedTagStart = "aws:"
)

// checkTags checks tags that are to be added to those that are there.
func checkTags(added, present map[string]string) error {
	total := len(present)
	for k, v := range added {
		if n := utf8.RuneCountInString(k); n < 1 || n > tagKeyMax || strings.HasPrefix(k, reservedTagStart) {
			return invalidArgument("the tag key %q is not of 1 to %d characters, or starts with %q", k, tagKeyMax, reservedTagStart)
		}
		if utf8.RuneCountInString(v) > tagValueMax {
			return invalidArgument("the value of tag %q has more than %d characters", k, tagValueMax)
		}
		if _, ok := present[k]; !ok {
			total++
		}
	}
	if total > tagsMax {
		return invalidArgument("a resource can't have more than %d tags", tagsMax)
	}
	return nil
}

// tagged changes the tags of a stream, or of one of its consumers.
func (s *Service) tagged(r resource, change func(map[string]string) error) error {
	o, err := s.open(r.stream)
	if err != nil {
		return err
	}
	return s.update(o, func(a *attributes, all *shardlog.Annotations) error {
		if r.consumer == "" {
			return change(all.Tags)
		}
		at, err := s.consumerOf(r, a)
		if err != nil {
			return err
		}
		tags := maps.Clone(a.Consumers[at].Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		a.Consumers[at].Tags = tags
		return change(tags)
	})
}

// taggedARN is tagged for whatever has an ARN.
func (s *Service) taggedARN(arn string, change func(map[string]string) error) error {
	if strings.Contains(arn, channelPath) {
		return s.tagChannel(arn, change)
	}
	r, err := s.parseARN(arn)
	if err != nil {
		return err
	}
	return s.tagged(r, change)
}

func adding(tags map[string]string) func(map[string]string) error {
	return func(present map[string]string) error {
		if err := checkTags(tags, present); err != nil {
			return err
		}
		maps.Copy(present, tags)
		return nil
	}
}

func removing(keys []string) func(map[string]string) error {
	return func(present map[string]string) error {
		for _, k := range keys {
			delete(present, k)
		}
		return nil
	}
}

func (s *Service) addTags(_ context.Context, _ wire.Call, in *addTagsInput) (*none, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	return nil, s.tagged(resource{stream: name}, adding(in.Tags))
}

func (s *Service) removeTags(_ context.Context, _ wire.Call, in *removeTagsInput) (*none, error) {
	name, err := s.name(in.streamRef)
	if err != nil {
		return nil, err
	}
	return nil, s.tagged(resource{stream: name}, removing(in.TagKeys))
}

func (s *Service) tagResource(_ context.Context, _ wire.Call, in *tagResourceInput) (*none, error) {
	return nil, s.taggedARN(*in.ResourceARN, adding(in.Tags))
}

func (s *Service) untagResource(_ context.Context, _ wire.Call, in *untagResourceInput) (*none, error) {
	return nil, s.taggedARN(*in.ResourceARN, removing(in.TagKeys))
}

// sortedTags lists tags by key.
func sortedTags(tags map[string]string) []tag {
	out := []tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, tag{k, tags[k]})
	}
	return out
}

func (s *Service) listTags(_ context.Context, _ wire.Call, in *listTagsInput) (*listTagsOutput, error) {
	o, err := s.openRef(in.streamRef)
	if err != nil {
		return nil, err
	}
	tags, limit := sortedTags(o.Annotations().Tags), listTagsDefault
	if in.ExclusiveStartTagKey != nil {
		tags = tags[sort.Search(len(tags), func(i int) bool { return tags[i].Key > *in.ExclusiveStartTagKey }):]
	}
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	more := len(tags) > limit
	return &listTagsOutput{Tags: tags[:min(limit, len(tags))], HasMoreTags: more}, nil
}

func (s *Service) listTagsForResource(_ context.Context, _ wire.Call, in *resourceRef) (*listTagsForResourceOutput, error) {
	if strings.Contains(*in.ResourceARN, channelPath) {
		c, err := s.findChannel(*in.ResourceARN)
		if err != nil {
			return nil, err
		}
		return &listTagsForResourceOutput{sortedTags(c.Tags)}, nil
	}
	r, err := s.parseARN(*in.ResourceARN)
	if err != nil {
		return nil, err
	}
	if r.consumer == "" {
		o, err := s.open(r.stream)
		if err != nil {
			return nil, err
		}
		return &listTagsForResourceOutput{sortedTags(o.Annotations().Tags)}, nil
	}
	_, c, err := s.findConsumer(consumerRef{ConsumerARN: in.ResourceARN})
	if err != nil {
		return nil, err
	}
	return &listTagsForResourceOutput{sortedTags(c.Tags)}, nil
}
