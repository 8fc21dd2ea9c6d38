package kinesis

import (
	"context"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/engine/awsapi/wire"
	"github.com/thalweg/thalweg/internal/errs"
)

// accountNote is where the store keeps the account's settings.
const accountNote = "kinesis-account"

// commitment is whether the account pays for a least throughput: a flag that is kept
// and given back, with the day until which AWS would hold one to it.
type commitment struct {
	Version int  `msgpack:"v"`
	Enabled bool `msgpack:"e"`
	// Times are epoch milliseconds, 0 for none.
	Started     int64 `msgpack:"s,omitempty"`
	Ended       int64 `msgpack:"d,omitempty"`
	EarliestEnd int64 `msgpack:"l,omitempty"`
}

const (
	commitmentVersion = 1
	// commitmentTerm is the shortest commitment.
	commitmentTerm = 24 * time.Hour
)

func (s *Service) commitment() (commitment, error) {
	c := commitment{Version: commitmentVersion}
	raw, err := s.store.Note(accountNote)
	if err != nil || raw == nil {
		return c, err
	}
	if err := msgpack.Unmarshal(raw, &c); err != nil || c.Version != commitmentVersion {
		return c, errs.Corruptionf("the account's settings can't be read (version %d)", c.Version)
	}
	return c, nil
}

func (s *Service) describeAccountSettings(context.Context, wire.Call, *none) (*accountSettingsOutput, error) {
	c, err := s.commitment()
	if err != nil {
		return nil, err
	}
	return c.describe(s.options.Now()), nil
}

func (c commitment) describe(now time.Time) *accountSettingsOutput {
	out := commitmentOutput{Status: "DISABLED"}
	switch {
	case c.Enabled:
		out.Status = "ENABLED"
	case now.UnixMilli() < c.EarliestEnd:
		out.Status = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
	}
	out.StartedAt, out.EndedAt, out.EarliestAllowedEndAt = optionalTime(c.Started), optionalTime(c.Ended), optionalTime(c.EarliestEnd)
	return &accountSettingsOutput{out}
}

func optionalTime(millis int64) *wire.Timestamp {
	if millis == 0 {
		return nil
	}
	return wire.NewTimestamp(time.UnixMilli(millis))
}

func (s *Service) updateAccountSettings(_ context.Context, _ wire.Call, in *updateAccountSettingsInput) (*accountSettingsOutput, error) {
	s.settings.Lock()
	defer s.settings.Unlock()
	c, err := s.commitment()
	if err != nil {
		return nil, err
	}
	now := s.options.Now()
	switch enabled := *in.MinimumThroughputBillingCommitment.Status == "ENABLED"; {
	case enabled && !c.Enabled:
		c.Enabled, c.Started, c.Ended = true, now.UnixMilli(), 0
		c.EarliestEnd = now.Add(commitmentTerm).UnixMilli()
	case !enabled && c.Enabled:
		c.Enabled, c.Ended = false, max(now.UnixMilli(), c.EarliestEnd)
	}
	raw, err := msgpack.Marshal(c)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "encoding the account's settings")
	}
	if err := s.store.SetNote(accountNote, raw); err != nil {
		return nil, err
	}
	return c.describe(now), nil
}
