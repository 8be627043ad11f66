package main

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
)

// usageError is a mistake in the flags.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// report writes an error to standard error and returns the exit status. All errors have one
// form: coatcheck: what is wrong; what to do.
func report(con *console.Console, command string, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context != nil {
			command = selected(parse.Context)
		}
		con.Complain(styled(err.Error()) + "; see coatcheck " + command + "--help")
		return exitUsage
	case errors.Is(err, console.ErrCancelled):
		con.Complain("\n" + styled(err.Error()))
	case errors.Is(err, errUnseen):
		return exitUsage
	case errors.Is(err, errUnapplied), errors.Is(err, errFindings), errors.Is(err, errInvalid):
		// the command has said so
	default:
		con.Complain(styled(err.Error()))
	}
	return exitFailed
}

// selected is the command that was called and a space, or nothing where there is none.
func selected(ctx *kong.Context) string {
	if node := ctx.Selected(); node != nil {
		return strings.TrimPrefix(node.FullPath(), "coatcheck ") + " "
	}
	return ""
}

// styled writes an error in the form of all errors. Sentences of Django's, which begin with a
// capital and end with a period, lose both.
func styled(text string) string {
	text = strings.TrimPrefix(text, "coatcheck: ")
	text = strings.TrimPrefix(text, "Error: ")
	if sentence, ok := strings.CutSuffix(text, "."); ok {
		first, size := utf8.DecodeRuneInString(sentence)
		text = string(unicode.ToLower(first)) + sentence[size:]
	}
	return "coatcheck: " + text
}
