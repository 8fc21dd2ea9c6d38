package kinesis

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// consumersMax is the most consumers of a stream.
const consumersMax = 50

func (s *Service) registerConsumer(_ context.Context, call wire.Call, in *registerConsumerInput) (*registerConsumerOutput, error) {
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	o, err := s.openConsumers(*in.StreamARN)
	if err != nil {
		return nil, err
	}
	c := consumer{Name: *in.ConsumerName, CreatedMillis: s.options.Now().UnixMilli(), Tags: in.Tags}
	err = s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		if a.consumer(c.Name) >= 0 {
			return wire.Errorf(codeInUse, "Consumer %s of stream %s under account %s already exists.", c.Name, o.name, s.options.Account)
		}
		if len(a.Consumers) >= consumersMax {
			return wire.Errorf(codeLimit, "stream %s has %d consumers already, the most that it can have", o.name, consumersMax)
		}
		a.Consumers = append(a.Consumers, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &registerConsumerOutput{s.describe(call, o.name, c, false)}, nil
}

// openConsumers finds the stream that an ARN of it, and not of a consumer, names.
func (s *Service) openConsumers(arn string) (*opened, error) {
	r, err := s.parseARN(arn)
	if err != nil {
		return nil, err
	}
	if r.consumer != "" {
		return nil, invalidArgument("%s is the ARN of a consumer, not of a stream", arn)
	}
	return s.openReady(r.stream)
}

// describe is a consumer in answers; only some of them name the stream.
func (s *Service) describe(call wire.Call, stream string, c consumer, withStream bool) consumerDescription {
	created := time.UnixMilli(c.CreatedMillis)
	d := consumerDescription{ConsumerName: c.Name, ConsumerARN: s.consumerARN(call, stream, c), ConsumerStatus: stateActive,
		ConsumerCreationTimestamp: wire.Timestamp{Time: created}}
	if s.fresh(created) {
		d.ConsumerStatus = stateCreating
	}
	if withStream {
		d.StreamARN = s.streamARN(call, stream)
	}
	return d
}

// findConsumer finds a consumer by its ARN or by its stream's and its name.
func (s *Service) findConsumer(in consumerRef) (*opened, consumer, error) {
	var r resource
	var err error
	switch {
	case in.ConsumerARN != nil:
		r, err = s.parseARN(*in.ConsumerARN)
	case in.StreamARN != nil && in.ConsumerName != nil:
		r, err = s.parseARN(*in.StreamARN)
		r.consumer = *in.ConsumerName
	default:
		err = invalidArgument("either ConsumerARN, or StreamARN and ConsumerName must be given")
	}
	if err != nil {
		return nil, consumer{}, err
	}
	o, err := s.open(r.stream)
	if err != nil {
		return nil, consumer{}, err
	}
	at, err := s.consumerOf(r, o.attrs)
	if err != nil {
		return nil, consumer{}, err
	}
	return o, o.attrs.Consumers[at], nil
}

// consumerOf finds the place of the consumer that an ARN or a name stands for, among a
// stream's. An ARN is that of one life: another consumer of its name is not meant.
func (s *Service) consumerOf(r resource, a *attributes) (int, error) {
	at := a.consumer(r.consumer)
	if at < 0 || r.created != 0 && a.Consumers[at].CreatedMillis/1000 != r.created {
		return 0, wire.Errorf(codeNotFound, "Consumer %s of stream %s under account %s not found.", r.consumer, r.stream, s.options.Account)
	}
	return at, nil
}

func (s *Service) deregisterConsumer(_ context.Context, _ wire.Call, in *consumerRef) (*none, error) {
	o, c, err := s.findConsumer(*in)
	if err != nil {
		return nil, err
	}
	err = s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		a.Consumers = slices.DeleteFunc(a.Consumers, func(x consumer) bool { return x.Name == c.Name && x.CreatedMillis == c.CreatedMillis })
		delete(a.Policies, c.Name)
		return nil
	})
	s.endSubscriptions(o.name, c, fmt.Sprintf("Consumer %s was deregistered", c.Name))
	return nil, err
}

func (s *Service) describeConsumer(_ context.Context, call wire.Call, in *consumerRef) (*describeConsumerOutput, error) {
	o, c, err := s.findConsumer(*in)
	if err != nil {
		return nil, err
	}
	return &describeConsumerOutput{s.describe(call, o.name, c, true)}, nil
}

const listConsumersDefault = 100

func (s *Service) listConsumers(_ context.Context, call wire.Call, in *listConsumersInput) (*listConsumersOutput, error) {
	o, err := s.openConsumers(*in.StreamARN)
	if err != nil {
		return nil, err
	}
	if t := in.StreamCreationTimestamp; t != nil && t.UnixMilli() != o.created.UnixMilli() {
		return nil, s.notFound(o.name)
	}
	after, limit := "", listConsumersDefault
	if in.NextToken != nil {
		token, err := s.readToken(*in.NextToken, listingConsumers)
		if err != nil {
			return nil, err
		}
		if token.Stream != o.name || token.Created != o.created.UnixMilli() {
			return nil, invalidArgument("the NextToken is not of stream %s", o.name)
		}
		after = token.After
	}
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	all := slices.SortedFunc(slices.Values(o.attrs.Consumers), func(a, b consumer) int { return strings.Compare(a.Name, b.Name) })
	all = all[sort.Search(len(all), func(i int) bool { return all[i].Name > after }):]
	out := &listConsumersOutput{Consumers: []consumerDescription{}}
	if len(all) > limit {
		all = all[:limit]
		out.NextToken = s.token(pageToken{Of: listingConsumers, Stream: o.name, Created: o.created.UnixMilli(), After: all[limit-1].Name})
	}
	for _, c := range all {
		out.Consumers = append(out.Consumers, s.describe(call, o.name, c, false))
	}
	return out, nil
}
