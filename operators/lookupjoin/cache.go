package lookupjoin

// cache keeps answers by key, in the order they were used. Times are the clock's that
// the operator is told.
type cache struct {
	cfg     CacheConfig
	entries map[string]*entry
	// head and tail are the entries used last and longest ago.
	head, tail *entry
	rows       int64
	// bytes is about the memory of the entries, bytesMax its bound, or 0.
	bytes    int64
	bytesMax int64
}

// entry is the answer to one key.
type entry struct {
	key        string
	rows       [][]byte
	writtenMs  int64
	usedMs     int64
	prev, next *entry
}

// weight is what an entry counts: its rows, or one when it has none.
func (e *entry) weight() int64 { return int64(max(1, len(e.rows))) }

// entryBytes is about what an entry, or a row of it, takes besides its bytes.
const entryBytes = 128

func (e *entry) bytes() int64 {
	total := int64(entryBytes + len(e.key))
	for _, row := range e.rows {
		total += int64(entryBytes/4 + len(row))
	}
	return total
}

func newCache(cfg CacheConfig, bytesMax int64) *cache {
	return &cache{cfg: cfg, entries: map[string]*entry{}, bytesMax: bytesMax}
}

// get is the answer to a key, nil if it is not known.
func (c *cache) get(key []byte, nowMs int64) *entry {
	e := c.entries[string(key)]
	if e == nil {
		return nil
	}
	if c.expired(e, nowMs) {
		c.remove(e)
		return nil
	}
	c.unlink(e)
	c.push(e)
	e.usedMs = nowMs
	return e
}

func (c *cache) expired(e *entry, nowMs int64) bool {
	write, access := c.cfg.AfterWrite.Milliseconds(), c.cfg.AfterAccess.Milliseconds()
	return write > 0 && nowMs-e.writtenMs >= write || access > 0 && nowMs-e.usedMs >= access
}

// put keeps an answer.
func (c *cache) put(key []byte, rows [][]byte, nowMs int64) {
	if len(rows) == 0 && !c.cfg.Missing {
		return
	}
	if old := c.entries[string(key)]; old != nil {
		c.remove(old)
	}
	e := &entry{key: string(key), rows: rows, writtenMs: nowMs, usedMs: nowMs}
	c.entries[e.key] = e
	c.push(e)
	c.rows += e.weight()
	c.bytes += e.bytes()
	for c.tail != nil && (c.full() || c.expired(c.tail, nowMs)) {
		c.remove(c.tail)
	}
}

func (c *cache) full() bool {
	return c.cfg.MaxRows > 0 && c.rows > c.cfg.MaxRows || c.bytesMax > 0 && c.bytes > c.bytesMax
}

func (c *cache) remove(e *entry) {
	delete(c.entries, e.key)
	c.unlink(e)
	c.rows -= e.weight()
	c.bytes -= e.bytes()
}

func (c *cache) push(e *entry) {
	e.prev, e.next = nil, c.head
	if c.head != nil {
		c.head.prev = e
	} else {
		c.tail = e
	}
	c.head = e
}

func (c *cache) unlink(e *entry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		c.head = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		c.tail = e.prev
	}
}
