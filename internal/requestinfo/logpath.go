package requestinfo

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	accountPages = "/accounts/" // below it are the links of emails, unless they are mounted elsewhere
	maxPlain     = 24           // no word of ours in a path is as long, and every token is longer
	shownOfToken = 4
	leastToken   = 18 // characters of the shortest text that secret matches
	maxDecodings = 8  // of percent signs
	maxText      = 2 << 10
)

// secret matches what works as a password does, in any case and wherever it stands: a
// reset token of Django, the token of a link (crypto/rand.Text), and a session key.
// UUIDs, ULIDs and words joined by hyphens do not match.
var secret = regexp.MustCompile(`[0-9A-Za-z]{1,13}-[0-9A-Fa-f]{16,64}|[A-Za-z2-7]{26,}|[0-9A-Za-z]{32,}`)

var percent = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// LogPath returns the path of a request as logs and traces may have it: without a
// query, and of everything that looks like a token or a session key the beginning only.
func LogPath(r *http.Request) string { return logPath(r.URL.Path) }

// LogURL returns a URL as logs and traces may have it: without a user, a query and a
// fragment, its path as that of LogPath.
func LogURL(text string) string {
	origin, path := cutOrigin(text)
	return origin + logPath(path)
}

// LogOrigin returns scheme and host of a URL, such as one from a Referer header, as logs
// and traces may have them. A text without them ends before its first slash.
func LogOrigin(text string) string {
	origin, rest := cutOrigin(text)
	if origin != "" {
		return origin
	}
	if i := strings.IndexAny(rest, urlDelimiters); i >= 0 {
		rest = rest[:i] + "…"
	}
	return LogText(rest)
}

const urlDelimiters = `/?#\`

// cutOrigin cuts a URL behind its host; the origin is empty where the text has none.
func cutOrigin(text string) (origin, rest string) {
	scheme, host, found := strings.Cut(text, "://")
	if !found || strings.ContainsAny(scheme, urlDelimiters) {
		return "", text
	}
	if i := strings.IndexAny(host, urlDelimiters); i >= 0 {
		host, rest = host[:i], host[i:]
	}
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:], rest
}

// LogText returns any text with its tokens and session keys shortened, be they
// percent-encoded or interrupted by characters that email programs put in. A text that
// was encoded many times over is cut off, and so is one of more than 2 KiB.
func LogText(text string) string {
	if len(text) < leastToken {
		return text
	}
	if len(text) > maxText {
		cut := strings.LastIndexAny(text[:maxText], "/ ") // so that no half of a token is left
		if cut < 0 {
			return brief(text)
		}
		return LogText(text[:cut+1]) + "…"
	}
	text = secret.ReplaceAllStringFunc(text, brief)
	plain := text
	for range maxDecodings {
		if seen := visible(plain); secret.MatchString(seen) {
			return LogText(secret.ReplaceAllStringFunc(seen, brief)) // which is shorter each time
		}
		decoded := decode(plain)
		if decoded == plain {
			return text
		}
		plain = decoded
	}
	return brief(text)
}

// LogError returns an error as logs and traces may have it: itself, or its text with
// the URLs and tokens shortened.
func LogError(err error) any {
	text := err.Error()
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		text = strings.ReplaceAll(text, strconv.Quote(failed.URL), strconv.Quote(LogOrigin(failed.URL)))
	}
	if text = LogText(text); text != err.Error() {
		return text
	}
	return err
}

// logPath shortens a path, whose segments below the account pages are all suspect.
func logPath(path string) string {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i] + "…"
	}
	before, rest, found := strings.Cut(path, accountPages)
	if !found {
		return LogText(path)
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		if len(segment) > maxPlain {
			segments[i] = brief(segment)
		}
	}
	return LogText(before + accountPages + strings.Join(segments, "/"))
}

// brief returns the beginning of a token, by which it can be recognised and not used.
func brief(token string) string { return strings.ToValidUTF8(token[:shownOfToken], "") + "…" }

// decode decodes percent signs once.
func decode(text string) string {
	return percent.ReplaceAllStringFunc(text, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8) // two hexadecimal digits
		return string([]byte{byte(b)})
	})
}

// visible drops what is neither visible nor ASCII, and the "=" of broken lines.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == '=' || c > '~' {
			return -1
		}
		return c
	}, text)
}
