package explain

import (
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/internal/textfile"
)

// MaxInput is how long a thing may be, in bytes.
const MaxInput = 1 << 20

// Errors of Recognise. They never hold what was given.
var (
	ErrTooLong = errors.New("this is longer than 1 MiB, which nothing is that can be explained")
	ErrEmpty   = errors.New("there is nothing to explain; give it on standard input, or name a file")
	ErrUnknown = errors.New("this is not recognised: it has the form of no cookie, session, hash, link, " +
		"token or curl command. If it is one all the same, say which by --as")
	ErrTokenAlone = errors.New("this is the token of a link without the user; give the whole address of " +
		"the link")
)

// Kind is what a thing is.
type Kind string

// The kinds, as --as names them.
const (
	SessionKey    Kind = "session-key"
	SessionCookie Kind = "session-cookie"
	SessionData   Kind = "session-data"
	CookieHeader  Kind = "cookie-header"
	Curl          Kind = "curl"
	PasswordHash  Kind = "password-hash"
	ResetLink     Kind = "reset-link"
	OnceLink      Kind = "one-time-link"
	CSRFToken     Kind = "csrf-token"
)

// kinds are all of them.
var kinds = []Kind{
	SessionKey, SessionCookie, SessionData, CookieHeader, Curl, PasswordHash, ResetLink, OnceLink,
	CSRFToken,
}

// Thing is what was given. It does not print itself.
type Thing struct {
	Kind Kind

	text    string   // without what is around it
	request *request // of Curl
	uid     string   // of ResetLink
	address string   // of OnceLink
}

// String shows the kind alone.
func (t *Thing) String() string { return string(t.Kind) }

// GoString shows the kind alone.
func (t *Thing) GoString() string { return t.String() }

// NeedsSite reports whether it takes the keys and the stores of a site to explain it.
func (t *Thing) NeedsSite() bool { return t.Kind != PasswordHash && t.Kind != CSRFToken }

// The forms of what has one.
var (
	keyForm    = regexp.MustCompile(`^[a-z0-9]{32}$|^[a-z0-9]{40}$`)
	hexForm    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	secretForm = regexp.MustCompile(`^[A-Za-z0-9]{32}$|^[A-Za-z0-9]{64}$`)
	signedForm = regexp.MustCompile(`^[A-Za-z0-9_.=-]*:-?[0-9A-Za-z]{1,12}:[A-Za-z0-9_-]{8,}$`)
	hashForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*\$\S*$|^!\S*$`)
	tokenForm  = regexp.MustCompile(`^[0-9a-z]{1,13}-[0-9a-f]{8,64}$`)
	linkForm   = regexp.MustCompile(`(?:^|/)([0-9A-Za-z_=-]+)/([0-9a-z]{1,13}-[0-9a-f]{8,64}|` +
		resettoken.Opened + `)/?(?:[?#].*)?$`)
	lineForm   = regexp.MustCompile(`(?i)^(cookie|set-cookie|x-csrftoken):[ \t]*`)
	cookieForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+=[^\\s;]*(;|$)")
)

// Recognise finds out what a text is. The kind says so where it is not empty, and else the form of
// the text does. The errors are those of this package, or about a curl command.
func Recognise(raw []byte, kind Kind) (*Thing, error) {
	if len(raw) > MaxInput {
		return nil, ErrTooLong
	}
	decoded, err := textfile.DecodeUTF8(raw)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(decoded))
	if text == "" {
		return nil, ErrEmpty
	}
	if kind == "" {
		return guess(text)
	}
	if !slices.Contains(kinds, kind) {
		return nil, ErrUnknown
	}
	return taken(text, kind)
}

// taken reads a text as a thing of that kind.
func taken(text string, kind Kind) (*Thing, error) {
	thing := &Thing{Kind: kind, text: text}
	switch kind {
	case Curl:
		request, err := parseCurl(text)
		if err != nil {
			return nil, err
		}
		thing.request = request
	case CookieHeader:
		thing.text = lineForm.ReplaceAllString(text, "")
	case ResetLink:
		return link(text)
	case OnceLink:
		m := onceForm.FindStringSubmatch(text)
		if m == nil {
			return nil, ErrUnknown
		}
		thing.text, thing.address = m[1], text
	}
	return thing, nil
}

// link splits the address of a link.
func link(text string) (*Thing, error) {
	if m := linkForm.FindStringSubmatch(text); m != nil {
		return &Thing{Kind: ResetLink, uid: m[1], text: m[2]}, nil
	}
	if tokenForm.MatchString(text) {
		return nil, ErrTokenAlone
	}
	return nil, ErrUnknown
}

// guess reads a text by its form. What is long is looked at first: no short form begins it.
func guess(text string) (*Thing, error) {
	if word, _, _ := strings.Cut(text, " "); word == "curl" || word == "curl.exe" {
		return taken(text, Curl)
	}
	if m := lineForm.FindStringSubmatch(text); m != nil {
		return line(strings.ToLower(m[1]), text[len(m[0]):])
	}
	switch {
	case linkForm.MatchString(text), tokenForm.MatchString(text):
		return link(text)
	case onceForm.MatchString(text):
		return taken(text, OnceLink)
	case hashForm.MatchString(text), hexForm.MatchString(text):
		return taken(text, PasswordHash)
	case signedForm.MatchString(text), isLegacy(text):
		return taken(text, SessionData)
	case keyForm.MatchString(text):
		return taken(text, SessionKey)
	case secretForm.MatchString(text):
		return taken(text, CSRFToken)
	case cookieForm.MatchString(text):
		if token, ok := strings.CutPrefix(text, "csrfmiddlewaretoken="); ok {
			return taken(token, CSRFToken)
		}
		return taken(text, CookieHeader)
	}
	return nil, ErrUnknown
}

// line reads a line of a header.
func line(name, value string) (*Thing, error) {
	switch name {
	case "x-csrftoken":
		return taken(value, CSRFToken)
	case "set-cookie":
		value, _, _ = strings.Cut(value, ";")
	}
	return taken(value, CookieHeader)
}

// legacyForm is what Django before 3.1 wrote into session_data, behind base64: a MAC and JSON.
var legacyForm = regexp.MustCompile(`(?s)^[0-9a-f]{40}:.+`)

// legacy returns the MAC and the JSON of session data in the form of Django before 3.1.
func legacy(text string) (mac, data string, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || !legacyForm.Match(plain) {
		return "", "", false
	}
	return string(plain[:40]), string(plain[41:]), true
}

func isLegacy(text string) bool {
	_, _, ok := legacy(text)
	return ok
}
