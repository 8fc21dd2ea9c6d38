package shardlog

// A mark is a records block without records. Like every block it tells how much of
// its segment was synced before it, so that the last acknowledged block, behind which
// no other tells it, can't be taken for a torn tail when it is damaged. It is written
// when no append waits, without a sync of its own: what is answered costs no second
// one. A process that is killed leaves it; against a loss of power it is durable as
// soon as the segment is synced next, at the latest by settle or close.

// mark writes one if no append waits, whose blocks would tell the same.
func (s *shard) mark() {
	if s.file == nil || s.synced != s.size {
		return
	}
	s.mu.Lock()
	waiting := s.pending != nil
	s.mu.Unlock()
	if waiting {
		return
	}
	v := s.view.Load()
	block := make([]byte, blockHeaderBytes)
	sealBlock(block, blockHeader{kind: recordsBlock, first: v.end, synced: s.synced, arrival: v.arrival})
	if err := s.writeAll(block); err != nil {
		// Nothing that was answered is touched; the next append begins a new segment.
		_ = s.abandon()
	}
}

// settle makes the last mark durable.
func (s *shard) settle() error {
	if s.view.Load() == nil {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.file == nil || s.synced == s.size {
		return nil
	}
	if err := s.sync(); err != nil {
		return s.fail(err)
	}
	return nil
}

// settle makes the last marks of all shards durable. A shard whose disk fails says so
// at its next append.
func (s *Store) settle() {
	for _, name := range s.Streams() {
		st, err := s.Stream(name)
		if err != nil {
			continue // deleted meanwhile
		}
		for _, shard := range st.shards() {
			_ = shard.settle()
		}
	}
}
