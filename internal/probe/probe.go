package probe

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	// Path is the address of the report, below the one of the site.
	Path = "/coatcheck-doctor"
	// Header contains the signed random text of a request.
	Header = "Coatcheck-Doctor"

	salt      = "coatcheck.doctor"
	maxAge    = 5 * time.Minute // clocks may differ that far
	maxHeader = 256             // bytes of Header
	maxShown  = 300             // bytes of a header in a report
)

// CookieValue is the value of the session cookie of a report. It is no session key.
const CookieValue = "coatcheck-doctor"

// Report is what the server saw of a request.
type Report struct {
	Nonce string `json:"nonce"` // the random text of the request
	// Scheme, Host and Client are what the site goes by.
	Scheme string `json:"scheme"`
	Host   string `json:"host"`
	Client string `json:"client"`
	// Peer is the other end of the connection, and PeerTrusted whether its headers are believed.
	Peer        string `json:"peer"`
	PeerTrusted bool   `json:"peer_trusted"`
	// Forwarded are the headers of proxies, by name; SchemeHeader is the one that counts.
	Forwarded    map[string][]string `json:"forwarded"`
	SchemeHeader string              `json:"scheme_header"`
	Cookie       string              `json:"cookie"` // the Set-Cookie line as it was sent
	Time         time.Time           `json:"time"`
}

// Config specifies what a server reports of. All fields are required.
type Config struct {
	Keys   signing.Keys
	Proxy  middleware.ProxyConfig // as the site has it
	Cookie httptext.SetCookie     // the session cookie of the site, without a value
}

// Signer returns what signs and verifies requests.
func Signer(keys signing.Keys) (*signing.TimestampSigner, error) {
	return signing.NewTimestamp(signing.Config{Key: keys.Secret, FallbackKeys: keys.Fallbacks, Salt: salt})
}

// Sign returns a random text, and the value of Header that is good for five minutes.
func Sign(keys signing.Keys) (nonce, header string, err error) {
	signer, err := Signer(keys)
	if err != nil {
		return "", "", err
	}
	nonce = rand.Text()
	return nonce, signer.Sign(nonce), nil
}

// Handler wraps the handler of all requests that are not signed.
type Handler = func(next http.Handler) http.Handler

// New returns what responds to requests that are signed, and hands on all others.
func New(c Config) (Handler, error) {
	c.Proxy.Logger = slog.New(slog.DiscardHandler) // the site's own has the log
	signer, err := Signer(c.Keys)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	proxy, err := middleware.Proxy(c.Proxy)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	p := &responder{signer: signer, proxy: proxy, header: "X-Forwarded-Proto", cookie: c.Cookie}
	if c.Proxy.SSLHeader != "" {
		p.header = c.Proxy.SSLHeader
	}
	p.cookie.Value, p.cookie.MaxAge = CookieValue, new(int)
	if _, err := p.cookie.String(time.Now()); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return p.handler, nil
}

// responder is a Config that was checked.
type responder struct {
	signer *signing.TimestampSigner
	proxy  func(http.Handler) http.Handler
	header string // in which a proxy tells the scheme
	cookie httptext.SetCookie
}

func (p *responder) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce, err := p.nonce(r)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		trusted := p.trusts(r)
		p.proxy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.report(w, r, nonce, trusted)
		})).ServeHTTP(w, r)
	})
}

// errUnsigned: a request like any other.
var errUnsigned = errors.New("probe: the request is not signed")

// nonce returns the text that was signed.
func (p *responder) nonce(r *http.Request) (string, error) {
	lines := r.Header[Header]
	if len(lines) != 1 || len(lines[0]) > maxHeader {
		return "", errUnsigned
	}
	return p.signer.UnsignMaxAge(lines[0], maxAge)
}

// trusts reports whether the site believes the headers of the peer: it asks it about one.
func (p *responder) trusts(r *http.Request) (trusted bool) {
	other := netip.AddrFrom4([4]byte{192, 0, 2, 1}) // nobody's: for documentation
	asked := r.Clone(r.Context())
	asked.Header = http.Header{"X-Forwarded-For": {other.String()}}
	p.proxy(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		trusted = middleware.ClientIP(r) == other
	})).ServeHTTP(nil, asked)
	return trusted
}

// report responds with what was seen.
func (p *responder) report(w http.ResponseWriter, r *http.Request, nonce string, trusted bool) {
	now := time.Now()
	line, err := p.cookie.String(now)
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	report := Report{
		Nonce: nonce, Scheme: requestinfo.Scheme(r), Host: middleware.Host(r),
		Client: text(middleware.ClientIP(r)), Peer: text(requestinfo.Peer(r)), PeerTrusted: trusted,
		Forwarded: p.forwarded(r.Header), SchemeHeader: p.header, Cookie: line, Time: now.UTC(),
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Set-Cookie", line)
	_ = json.NewEncoder(w).Encode(report) // to a client that has gone away
}

// text is an address, or "unix" for that of a Unix socket.
func text(addr netip.Addr) string {
	if !addr.IsValid() {
		return "unix"
	}
	return addr.String()
}

// forwarded returns the headers of proxies.
func (p *responder) forwarded(all http.Header) map[string][]string {
	found := map[string][]string{}
	for name, lines := range all {
		if !strings.HasPrefix(name, "X-Forwarded-") && name != "Forwarded" && name != p.header {
			continue
		}
		lines = slices.Clone(lines)
		for i, line := range lines {
			lines[i] = line[:min(len(line), maxShown)]
		}
		found[name] = lines
	}
	return found
}
