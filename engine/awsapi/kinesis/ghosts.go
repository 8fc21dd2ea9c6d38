package kinesis

import (
	"time"

	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// ghost is a stream that was deleted and is shown as DELETING for a while. Its data
// is gone already, so that a crash can't bring it back.
type ghost struct {
	until time.Time
	was   *opened
}

// haunt shows a stream as DELETING before it is deleted, so that none of its name can be
// made in between. One that is being deleted already is not found.
func (s *Service) haunt(o *opened) error {
	if s.options.Transition == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	for name, g := range s.deleting {
		if !now.Before(g.until) {
			delete(s.deleting, name)
		}
	}
	if _, ok := s.deleting[o.name]; ok {
		return s.notFound(o.name)
	}
	s.deleting[o.name] = ghost{now.Add(s.options.Transition), o}
	delete(s.busy, o.name)
	return nil
}

// exorcise undoes haunt.
func (s *Service) exorcise(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.deleting, name)
}

// ghost finds a stream that is being deleted.
func (s *Service) ghost(name string) (ghost, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.deleting[name]
	if ok && !s.options.Now().Before(g.until) {
		delete(s.deleting, name)
		return ghost{}, false
	}
	return g, ok
}

func (g ghost) describe(arn string) streamDescription {
	s := g.summary(arn)
	return streamDescription{StreamName: s.StreamName, StreamARN: arn, StreamStatus: s.StreamStatus, StreamModeDetails: s.StreamModeDetails,
		Shards: []shard{}, RetentionPeriodHours: s.RetentionPeriodHours, StreamCreationTimestamp: s.StreamCreationTimestamp,
		EnhancedMonitoring: s.EnhancedMonitoring, EncryptionType: s.EncryptionType, KeyId: s.KeyId}
}

// summary is the stream as it was, without what it no longer has.
func (g ghost) summary(arn string) streamSummary {
	o := g.was
	return streamSummary{
		StreamName: o.name, StreamARN: arn, StreamStatus: stateDeleting, StreamModeDetails: modeOf(o.OnDemand()),
		RetentionPeriodHours: int64(o.Retention() / time.Hour), StreamCreationTimestamp: wire.Timestamp{Time: o.created},
		EnhancedMonitoring: metrics(o.attrs.Metrics), EncryptionType: o.attrs.encryption(), KeyId: o.attrs.KeyID,
		MaxRecordSizeInKiB: o.attrs.recordKiB(), RecordDistributionStrategy: o.attrs.distribution(),
	}
}
