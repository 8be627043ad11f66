package inspector

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/internal/lru"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// maxBrowsers bounds how many cookies are known by the browsers that have them.
const maxBrowsers = 4096

// browsers names browsers: by their cookies, which change, and before they have any by their
// addresses. What it keeps and what it returns are keyed hashes, whose key nobody has and which
// end with the process.
type browsers struct {
	key [32]byte

	mu    sync.Mutex // guards names
	names *lru.Cache[[sha256.Size]byte, string]
}

func newBrowsers() *browsers {
	b := &browsers{names: lru.New[[sha256.Size]byte, string](maxBrowsers)}
	_, _ = rand.Read(b.key[:]) // it never fails
	return b
}

func (b *browsers) hash(text string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, b.key[:])
	mac.Write([]byte(text))
	return [sha256.Size]byte(mac.Sum(nil))
}

// name returns the name of the browser that sent a request and got a response. The cookies of
// the response get the same name, so that a login belongs to what comes after it.
func (b *browsers) name(r *http.Request, response http.Header, session string) string {
	sent := b.hashes(r.Cookies(), session)
	set := b.hashes((&http.Response{Header: response}).Cookies(), session)
	b.mu.Lock()
	defer b.mu.Unlock()
	name := ""
	for _, hash := range sent {
		if known, ok := b.names.Get(hash); ok && name == "" {
			name = known
		}
	}
	switch {
	case name != "":
	case len(sent) > 0:
		name = hex.EncodeToString(sent[0][:3])
	case len(set) > 0:
		name = hex.EncodeToString(set[0][:3])
	default:
		of := b.hash(strings.Join([]string{
			"address", requestinfo.Peer(r).String(), r.Header.Get("X-Forwarded-For"), r.UserAgent(),
		}, " "))
		return hex.EncodeToString(of[:3])
	}
	for _, hash := range append(sent, set...) {
		b.names.Set(hash, name)
	}
	return name
}

// hashes returns the hashes of the cookies by which a browser can be known, that of the device
// first, since it stays the longest.
func (b *browsers) hashes(cookies []*http.Cookie, session string) (all [][sha256.Size]byte) {
	for _, is := range []func(name string) bool{
		func(name string) bool { return strings.HasSuffix(name, attempts.DeviceCookieName) },
		func(name string) bool { return name == session },
	} {
		for _, c := range cookies {
			if c.Value != "" && c.MaxAge >= 0 && is(c.Name) {
				all = append(all, b.hash(c.Name+"="+c.Value))
			}
		}
	}
	return all
}
