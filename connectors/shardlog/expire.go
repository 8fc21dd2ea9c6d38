package shardlog

import (
	"slices"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// expire removes the shards that were closed before an epoch time and have no
// record left. The description forgets them first, so that a crash leaves at most
// an empty directory.
func (st *Stream) expire(cutoff int64) error {
	if st.table.Load().outlived(cutoff) == nil {
		return nil // which is so nearly always, and waits for nobody
	}
	st.resharding.Lock()
	defer st.resharding.Unlock()
	gone := st.table.Load().outlived(cutoff)
	if err := st.forgetShards(gone); err != nil {
		return err
	}
	for _, s := range gone {
		// Who still reads one finds its end.
		if err := s.close(false); err != nil {
			return err
		}
		if err := st.store.fs.RemoveAll(s.dir); err != nil {
			return errs.Wrap(errs.Resource, err, "removing the closed shard %s of stream %s", s.id, s.stream)
		}
	}
	return errs.Wrap(errs.Resource, durable.SyncDir(st.store.fs, st.dir), "removing closed shards of stream %s", st.name)
}

// outlived lists the shards that expire removes.
func (t *shardTable) outlived(cutoff int64) (gone []*shard) {
	for i, m := range t.meta.Shards {
		v := t.shards[i].view.Load()
		if m.ClosedMillis > 0 && m.ClosedMillis < cutoff && v != nil && v.horizon >= v.end {
			gone = append(gone, t.shards[i])
		}
	}
	return gone
}

// expired finds a shard that is gone.
func (st *Stream) expired(id ShardID) (expiredShard, bool) {
	number, _ := shardNumber(id)
	for _, e := range st.table.Load().meta.Expired {
		if e.Number == number {
			return e, true
		}
	}
	return expiredShard{}, false
}

func (st *Stream) forgetShards(gone []*shard) error {
	return st.change(func(m *streamMeta) error {
		m.Shards = slices.DeleteFunc(slices.Clone(m.Shards), func(m shardMeta) bool {
			return slices.ContainsFunc(gone, func(s *shard) bool { return s.number == m.Number })
		})
		m.Expired = slices.Clone(m.Expired)
		for _, s := range gone {
			m.Expired = append(m.Expired, expiredShard{s.number, s.created, s.view.Load().end})
		}
		m.Expired = m.Expired[max(0, len(m.Expired)-expiredMax):]
		return nil
	})
}
