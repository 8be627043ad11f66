package pwned

import (
	"context"
	"io"
)

// inputBuffer is the bytes of one read. Two buffers are in flight.
const inputBuffer = 1 << 20

// input reads ahead in a goroutine of its own, so that a Read that hangs, on an
// idle pipe for instance, does not hold up the end of the context.
type input struct {
	ctx    context.Context
	full   chan chunk
	free   chan []byte
	buffer []byte // of the last chunk
	rest   []byte // what of it is not read yet
	err    error  // after it
	told   func(n int)
}

// chunk is what one Read gave.
type chunk struct {
	buffer []byte
	n      int
	err    error
}

// readAhead reads until the end, an error or the end of the context. Told hears
// of every chunk that is taken.
func readAhead(ctx context.Context, from io.Reader, told func(n int)) *input {
	in := &input{ctx: ctx, full: make(chan chunk), free: make(chan []byte, 2), told: told}
	in.free <- make([]byte, inputBuffer)
	in.free <- make([]byte, inputBuffer)
	go in.run(from)
	return in
}

func (in *input) run(from io.Reader) {
	for {
		var c chunk
		select {
		case c.buffer = <-in.free:
		case <-in.ctx.Done():
			return
		}
		c.n, c.err = from.Read(c.buffer)
		select {
		case in.full <- c:
		case <-in.ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
	}
}

// Read returns what was read ahead.
func (in *input) Read(b []byte) (int, error) {
	for len(in.rest) == 0 {
		if in.err != nil {
			return 0, in.err
		}
		if in.buffer != nil {
			in.free <- in.buffer // there is room for both
			in.buffer = nil
		}
		select {
		case c := <-in.full:
			in.buffer, in.rest, in.err = c.buffer, c.buffer[:c.n], c.err
			if c.n > 0 {
				in.told(c.n)
			}
		case <-in.ctx.Done():
			return 0, in.ctx.Err()
		}
	}
	n := copy(b, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}
