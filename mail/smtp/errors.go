package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strings"
	"unicode"

	"github.com/coatcheck/coatcheck/mail"
)

var (
	errNoSTARTTLS = errors.New("the server offers no STARTTLS, so nothing was sent; " +
		`if it speaks TLS from the first byte (port 465), set Config.TLS to "tls"`)
	errTalks  = errors.New("the server talks too much")
	errSpeech = errors.New("the server does not speak SMTP")
	errBroken = errors.New("the server broke the exchange off")
)

// fault reports at which command it went wrong, and what the server replied.
func fault(ctx context.Context, command string, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return answered(command, reply.Code, fmt.Sprintf("%d %s", reply.Code, short(reply.Msg)))
	}
	return broken(ctx, command, err)
}

// mute is fault without the server's words: it has just been told what is
// secret, and might quote it.
func mute(ctx context.Context, command string, err error) error {
	var reply *textproto.Error
	var netErr net.Error
	switch {
	case errors.As(err, &reply):
		text := fmt.Sprint(reply.Code)
		if enhanced := enhancedCode.FindString(reply.Msg); enhanced != "" {
			text += " " + enhanced
		}
		return answered(command, reply.Code, text)
	case ctx.Err() == nil && !errors.As(err, &netErr) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w", command, errBroken)
	}
	return broken(ctx, command, err)
}

// enhancedCode is what RFC 3463 puts before the words of a reply.
var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// isAuth reports whether a reply is about the account at the mail server (RFC 4954):
// the operator's to mend, and no reason to lose a message.
func isAuth(code int) bool { return code >= 530 && code <= 538 }

func answered(command string, code int, text string) error {
	if code >= 500 && code <= 599 && !isAuth(code) {
		return fmt.Errorf("%s: the server replied %s (%w)", command, text, mail.ErrPermanent)
	}
	return fmt.Errorf("%s: the server replied %s", command, text)
}

// broken is about what is no reply.
func broken(ctx context.Context, command string, err error) error {
	var speech textproto.ProtocolError
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.As(err, &speech):
		err = errSpeech
	}
	return fmt.Errorf("%s: %w", command, err)
}

// maxWords is how much of a reply an error quotes, in characters.
const maxWords = 200

// short is a reply that is safe to log, in one line.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	if runes := []rune(text); len(runes) > maxWords {
		return string(runes[:maxWords]) + "…"
	}
	return text
}
