package job

import "sync"

// inbox is the list of things the loop has to do. It never blocks who posts.
type inbox struct {
	ready chan struct{}

	mu    sync.Mutex
	todo  []func()
	ended bool
}

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

// post makes the loop call do. After the loop's end nothing is called.
func (b *inbox) post(do func()) {
	b.mu.Lock()
	if !b.ended {
		b.todo = append(b.todo, do)
	}
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (b *inbox) take() []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	todo := b.todo
	b.todo = nil
	return todo
}

// end drops what is left and all that comes.
func (b *inbox) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.todo, b.ended = nil, true
}
