package shardlog

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
)

// expire removes the shards that were closed before an epoch time and have no
// record left. The description forgets them first, so that a crash leaves at most
// an empty directory.
func (st *Stream) expire(cutoff int64) error {
	st.resharding.Lock()
	defer st.resharding.Unlock()
	var gone []*shard
	table := st.table.Load()
	for i, m := range st.lineage() {
		s := table.shards[i]
		v := s.view.Load()
		if m.ClosedMillis > 0 && m.ClosedMillis < cutoff && v != nil && v.horizon >= v.end {
			gone = append(gone, s)
		}
	}
	if gone == nil {
		return nil
	}
	if err := st.forgetShards(gone); err != nil {
		return err
	}
	for _, s := range gone {
		if err := s.close(true); err != nil {
			return err
		}
		if err := st.store.fs.RemoveAll(s.dir); err != nil {
			return errs.Wrap(errs.Resource, err, "removing the closed shard %s of stream %s", s.id, s.stream)
		}
	}
	return errs.Wrap(errs.Resource, syncDir(st.store.fs, st.dir), "removing closed shards of stream %s", st.name)
}

// expired finds a shard that is gone.
func (st *Stream) expired(id ShardID) (expiredShard, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	number, _ := shardNumber(id)
	for _, e := range st.meta.Expired {
		if e.Number == number {
			return e, true
		}
	}
	return expiredShard{}, false
}

func (st *Stream) forgetShards(gone []*shard) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	changed := *st.meta
	changed.Shards = slices.DeleteFunc(slices.Clone(st.meta.Shards), func(m shardMeta) bool {
		return slices.ContainsFunc(gone, func(s *shard) bool { return s.number == m.Number })
	})
	changed.Expired = slices.Clone(st.meta.Expired)
	for _, s := range gone {
		changed.Expired = append(changed.Expired, expiredShard{s.number, s.created, s.view.Load().end})
	}
	changed.Expired = changed.Expired[max(0, len(changed.Expired)-expiredMax):]
	if err := writeMeta(st.store.fs, st.dir, &changed); err != nil {
		return err
	}
	st.store.shards.Add(-int64(len(gone)))
	st.meta = &changed
	st.table.Store(st.tableOf(&changed, st.table.Load()))
	return nil
}
