// Package console is where commands prompt, print and show progress, on a terminal or
// without one. It is a part of the programs.
package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// ErrCancelled is Ctrl-C at a prompt, or the end of the input.
var ErrCancelled = errors.New("operation cancelled")

// Console is where a command talks to the person or script that started it.
type Console struct {
	In       *os.File
	Out, Err io.Writer
	Red      bool          // Err is a terminal that shows colors
	lines    *bufio.Reader // of In
}

// New returns a console on these files.
func New(in, out, err *os.File) *Console {
	return &Console{In: in, Out: out, Err: err, lines: bufio.NewReader(in), Red: colours(err)}
}

// colours reports whether a file is a terminal that shows colours.
func colours(f *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("DJANGO_COLORS") == "nocolor" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// IsTerminal reports whether somebody types the input.
func (c *Console) IsTerminal() bool { return term.IsTerminal(int(c.In.Fd())) }

// Say writes a line to standard output.
func (c *Console) Say(text string) { fmt.Fprintln(c.Out, text) }

// Complain writes an error message to standard error, red on a terminal in the
// way of Django.
func (c *Console) Complain(text string) {
	if c.Red {
		fmt.Fprintf(c.Err, "\x1b[31;1m%s\n\x1b[0m", text)
		return
	}
	fmt.Fprintln(c.Err, text)
}

// Ask prompts for a line.
func (c *Console) Ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(c.Out, prompt)
	return Await(ctx, c.Line)
}

// AskSecret prompts for a line that the terminal does not show. Without a terminal
// it reads a line all the same.
func (c *Console) AskSecret(ctx context.Context, prompt string) (string, error) {
	if !c.IsTerminal() {
		fmt.Fprint(c.Out, prompt)
		defer fmt.Fprintln(c.Out)
		return Await(ctx, c.Line)
	}
	fd := int(c.In.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := Await(ctx, func() (string, error) {
		prompted := make(chan struct{})
		go func() {
			defer close(prompted)
			awaitChange(fd, before) // a prompt before it would show what is typed at once
			fmt.Fprint(c.Out, prompt)
		}()
		secret, err := term.ReadPassword(fd)
		<-prompted
		return string(secret), err
	})
	if err != nil {
		return "", errors.Join(err, showAgain(fd, before))
	}
	fmt.Fprintln(c.Out)
	return text, nil
}

// showAgain lets the terminal show what is typed, after a ReadPassword that was
// left alone, which may be just about to hide it.
func showAgain(fd int, before *term.State) error {
	awaitChange(fd, before)
	return term.Restore(fd, before)
}

// awaitChange waits, a tenth of a second at most, until the terminal is in
// another state than before.
func awaitChange(fd int, before *term.State) {
	for range 50 {
		if now, err := term.GetState(fd); err != nil || *now != *before {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// byteOrderMark begins a file of Windows' editors, and no line.
const byteOrderMark = "\uFEFF"

// Line reads the next line of the input, without its end.
func (c *Console) Line() (string, error) {
	text, err := c.lines.ReadString('\n')
	if err != nil && (text == "" || !errors.Is(err, io.EOF)) {
		return "", err
	}
	return strings.TrimRight(strings.TrimPrefix(text, byteOrderMark), "\r\n"), nil
}

// Await calls read and returns its result, or ErrCancelled once ctx is done. The end of the
// input counts as ErrCancelled too.
func Await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		Err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ErrCancelled
	case a := <-done:
		if errors.Is(a.Err, io.EOF) || ctx.Err() != nil {
			return "", ErrCancelled
		}
		return a.text, a.Err
	}
}
