package engine

// change is a change of the catalog.
type change struct {
	// check, if there is one, looks at the catalog, with mu held.
	check func() error
	// store makes the change durable.
	store func() error
	// show makes it seen, with mu held.
	show func()
}

// declare makes one change of the catalog after the other: none is seen before it is
// durable, and nothing but another change waits for the disk.
func (e *Engine) declare(c change) error {
	e.declaring.Lock()
	defer e.declaring.Unlock()
	e.mu.Lock()
	var err error
	if e.closed {
		err = errClosed()
	} else if c.check != nil {
		err = c.check()
	}
	e.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.store(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.show()
	return nil
}
