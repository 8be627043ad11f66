package sessions

import "fmt"

// changes is what a request did to a session since it was loaded, so that it
// can be done again on a session that another request changed concurrently.
type changes struct {
	cleared bool // all keys were removed before the list began
	list    []change
}

// change is one operation on a top-level key.
type change struct {
	key    string
	set    string // the new value, as canonical text
	delete bool
	update func(old string) (string, error) // computes the new value
}

func (c change) apply(d *Data) error {
	switch {
	case c.delete:
		d.Delete(c.key)
		return nil
	case c.update == nil:
		d.set(c.key, c.set)
		return nil
	}
	old, _ := d.Get(c.key)
	text, err := c.update(old)
	if err != nil {
		return fmt.Errorf("sessions: update %q: %w", c.key, err)
	}
	d.set(c.key, text)
	return nil
}

// replay does the changes again on data that was loaded afresh.
func (c *changes) replay(fresh Data) (Data, error) {
	if c.cleared {
		fresh = Data{}
	}
	for _, one := range c.list {
		if err := one.apply(&fresh); err != nil {
			return Data{}, err
		}
	}
	return fresh, nil
}
