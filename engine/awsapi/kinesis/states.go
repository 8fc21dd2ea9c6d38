package kinesis

import (
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// The states of streams and consumers.
const (
	stateCreating = "CREATING"
	stateActive   = "ACTIVE"
	stateUpdating = "UPDATING"
	stateDeleting = "DELETING"
)

// opened is a stream that a call works on, as it is at the moment.
type opened struct {
	*shardlog.Stream
	name    string
	created time.Time
	attrs   *attributes
	state   string
}

// open finds a stream in whatever state.
func (s *Service) open(name string) (*opened, error) {
	if _, deleting := s.ghost(name); deleting {
		return nil, s.notFound(name)
	}
	st, err := s.stream(name)
	if err != nil {
		return nil, err
	}
	attrs, err := attributesOf(st)
	if err != nil {
		return nil, err
	}
	created := st.Created()
	return &opened{st, name, created, attrs, s.state(name, created)}, nil
}

// stream finds a stream of the log. One that is damaged, or of a log that is closed, is
// there nevertheless: clients would take "not found" for its end.
func (s *Service) stream(name string) (*shardlog.Stream, error) {
	st, err := s.store.Stream(name)
	if userError(err) {
		return nil, s.notFound(name)
	}
	return st, err
}

// unlessGone is err, or that a stream is not found if it was deleted since the call found
// it: the log refuses what is done to it then, whatever it was.
func (s *Service) unlessGone(name string, st *shardlog.Stream, err error) error {
	if err == nil {
		return nil
	}
	now, gone := s.store.Stream(name)
	if now != st && (gone == nil || userError(gone)) {
		return s.notFound(name)
	}
	return err
}

// update changes the attributes of a stream that a call works on; change may refuse.
func (s *Service) update(o *opened, change func(*attributes, *shardlog.Annotations) error) error {
	return s.unlessGone(o.name, o.Stream, update(o.Stream, change))
}

// modeOf is the StreamModeDetails of answers.
func modeOf(onDemand bool) streamMode {
	mode := "PROVISIONED"
	if onDemand {
		mode = "ON_DEMAND"
	}
	return streamMode{&mode}
}

// shards lists all shards.
func (o *opened) shards() ([]shardlog.ShardDescription, error) {
	d, err := o.Describe()
	return d.Shards, err
}

// openRef is open for the stream that a call names.
func (s *Service) openRef(r streamRef) (*opened, error) {
	name, err := s.name(r)
	if err != nil {
		return nil, err
	}
	return s.open(name)
}

// openReady finds a stream that takes and gives records.
func (s *Service) openReady(name string) (*opened, error) {
	o, err := s.open(name)
	if err == nil && o.state == stateCreating {
		return nil, s.notFound(name)
	}
	return o, err
}

// openActive finds a stream that can be changed.
func (s *Service) openActive(r streamRef) (*opened, error) {
	o, err := s.openRef(r)
	if err == nil && o.state != stateActive {
		return nil, wire.Errorf(codeInUse, "Stream %s under account %s not ACTIVE, instead in state %s", o.name, s.options.Account, o.state)
	}
	return o, err
}

func (s *Service) notFound(name string) error {
	return wire.Errorf(codeNotFound, "Stream %s under account %s not found.", name, s.options.Account)
}

// state is the state of a stream that exists.
func (s *Service) state(name string, created time.Time) string {
	if s.fresh(created) {
		return stateCreating
	}
	now := s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.busy[name]
	switch {
	case ok && now.Before(until):
		return stateUpdating
	case ok:
		delete(s.busy, name)
	}
	return stateActive
}

// fresh reports what was made so lately that it is shown as CREATING. What is of a time
// to come was made before the clock went back.
func (s *Service) fresh(created time.Time) bool {
	age := s.options.Now().Sub(created)
	return age >= 0 && age < s.options.Transition
}

// transition shows a stream as UPDATING for a while.
func (s *Service) transition(name string) {
	if s.options.Transition == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[name] = s.options.Now().Add(s.options.Transition)
}
