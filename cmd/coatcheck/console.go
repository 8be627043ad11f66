package main

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

// console is where a command talks to whoever started it.
type console struct {
	in       *os.File
	out, err io.Writer
	lines    *bufio.Reader // of in
	red      bool          // errors are for the eyes of a person
}

func newConsole(in, out, err *os.File) *console {
	return &console{in: in, out: out, err: err, lines: bufio.NewReader(in), red: colours(err)}
}

// colours says whether a file is a terminal that shows colours.
func colours(f *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("DJANGO_COLORS") == "nocolor" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// isTerminal says whether somebody types the input.
func (c *console) isTerminal() bool { return term.IsTerminal(int(c.in.Fd())) }

// say writes a line to standard output.
func (c *console) say(text string) { fmt.Fprintln(c.out, text) }

// complain writes an error message to standard error, red on a terminal in the
// way of Django.
func (c *console) complain(text string) {
	if c.red {
		fmt.Fprintf(c.err, "\x1b[31;1m%s\n\x1b[0m", text)
		return
	}
	fmt.Fprintln(c.err, text)
}

// ask prompts for a line.
func (c *console) ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(c.out, prompt)
	return await(ctx, c.line)
}

// askSecret prompts for a line that the terminal does not show. Where no
// terminal is, it reads a line all the same.
func (c *console) askSecret(ctx context.Context, prompt string) (string, error) {
	if !c.isTerminal() {
		fmt.Fprint(c.out, prompt)
		defer fmt.Fprintln(c.out)
		return await(ctx, c.line)
	}
	fd := int(c.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := await(ctx, func() (string, error) {
		prompted := make(chan struct{})
		go func() {
			defer close(prompted)
			awaitChange(fd, before) // a prompt before it would show what is typed at once
			fmt.Fprint(c.out, prompt)
		}()
		secret, err := term.ReadPassword(fd)
		<-prompted
		return string(secret), err
	})
	if err != nil {
		return "", errors.Join(err, showAgain(fd, before))
	}
	fmt.Fprintln(c.out)
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

// byteOrderMark begins a file of Windows' editors, and no answer.
const byteOrderMark = "\uFEFF"

func (c *console) line() (string, error) {
	text, err := c.lines.ReadString('\n')
	if err != nil && (text == "" || !errors.Is(err, io.EOF)) {
		return "", err
	}
	return strings.TrimRight(strings.TrimPrefix(text, byteOrderMark), "\r\n"), nil
}

// await reads until it is done or Ctrl-C is pressed. The end of the input is
// taken for Ctrl-C.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", errCancelled
	case a := <-done:
		if errors.Is(a.err, io.EOF) || ctx.Err() != nil {
			return "", errCancelled
		}
		return a.text, a.err
	}
}
