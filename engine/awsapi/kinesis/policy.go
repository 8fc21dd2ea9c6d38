package kinesis

import (
	"context"
	"encoding/json"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// Resource policies are kept and given back; nothing enforces them.

func (s *Service) putPolicy(_ context.Context, _ wire.Call, in *putPolicyInput) (*none, error) {
	if !json.Valid([]byte(*in.Policy)) {
		return nil, invalidArgument("the policy is no JSON")
	}
	return nil, s.setPolicy(*in.ResourceARN, func(policies map[string]string, key string) error {
		policies[key] = *in.Policy
		return nil
	})
}

func (s *Service) deletePolicy(_ context.Context, _ wire.Call, in *resourceRef) (*none, error) {
	return nil, s.setPolicy(*in.ResourceARN, func(policies map[string]string, key string) error {
		if _, ok := policies[key]; !ok {
			return wire.Errorf(codeNotFound, "%s has no policy", *in.ResourceARN)
		}
		delete(policies, key)
		return nil
	})
}

func (s *Service) setPolicy(arn string, change func(policies map[string]string, key string) error) error {
	r, err := s.parseARN(arn)
	if err != nil {
		return err
	}
	o, err := s.open(r.stream)
	if err != nil {
		return err
	}
	return s.update(o, func(a *attributes, _ *shardlog.Annotations) error {
		if r.consumer != "" {
			if _, err := s.consumerOf(r, a); err != nil {
				return err
			}
		}
		if a.Policies == nil {
			a.Policies = map[string]string{}
		}
		return change(a.Policies, r.consumer)
	})
}

func (s *Service) getPolicy(_ context.Context, _ wire.Call, in *resourceRef) (*getPolicyOutput, error) {
	r, err := s.parseARN(*in.ResourceARN)
	if err != nil {
		return nil, err
	}
	o, err := s.open(r.stream)
	if err != nil {
		return nil, err
	}
	if r.consumer != "" {
		if _, err := s.consumerOf(r, o.attrs); err != nil {
			return nil, err
		}
	}
	return &getPolicyOutput{o.attrs.Policies[r.consumer]}, nil
}
