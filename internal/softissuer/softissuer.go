// Package softissuer is an OpenID provider in software, for tests: a visitor is signed in at once.
// What it says may be bent, so that each check of a client can be seen to fail.
package softissuer

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Claims are those of a token.
type Claims map[string]any

// Issuer is a provider. Its fields may be changed between uses, with Change.
type Issuer struct {
	URL      string
	ClientID string
	Secret   string
	// Subject is who signs in, and More claims about them.
	Subject string
	More    Claims
	// UserInfo is what the endpoint of that name says; there is none if it is nil.
	UserInfo Claims
	// Metadata replaces what the provider says about itself.
	Metadata Claims
	// Refuse is the error that is sent back in place of a code.
	Refuse string
	// Iss replaces the parameter iss; "-" leaves it out.
	Iss string
	// Bend changes the header and the claims of the next ID tokens.
	Bend func(header, claims Claims)
	// Sign replaces how a token is signed.
	Sign func(input []byte) []byte
	// Before is called before each request that is not of a browser, and may respond itself.
	Before func(w http.ResponseWriter, r *http.Request) (done bool)

	mu    sync.Mutex // guards all
	key   *rsa.PrivateKey
	kid   string
	codes map[string]url.Values // the requests of codes
	asked map[string]int        // how often each path was asked for
}

// New starts a provider with a client, until the test ends.
func New(t testing.TB) *Issuer {
	t.Helper()
	i, stop := Start()
	t.Cleanup(stop)
	return i
}

// Start starts a provider with a client, until it is stopped.
func Start() (i *Issuer, stop func()) {
	i = &Issuer{
		ClientID: "coatcheck", Secret: "canary-client-secret", Subject: "248289761001",
		codes: map[string]url.Values{}, asked: map[string]int{},
	}
	i.Rotate()
	mux := http.NewServeMux()
	for path, serve := range map[string]http.HandlerFunc{
		"/.well-known/openid-configuration": i.metadata, "/keys": i.keys, "/token": i.token,
		"/userinfo": i.userInfo,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.asked[path]++
			if i.Before == nil || !i.Before(w, r) {
				serve(w, r)
			}
		})
	}
	mux.HandleFunc("/authorize", i.authorize)
	server := httptest.NewServer(mux)
	i.URL = server.URL
	return i, server.Close
}

// Change changes the provider while nobody asks it.
func (i *Issuer) Change(f func(i *Issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f(i)
}

// Rotate replaces the key of the provider.
func (i *Issuer) Rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	i.key, i.kid = key, rand.Text()[:8]
}

// Asked returns how often a path was asked for.
func (i *Issuer) Asked(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[path]
}

// PublicPEM returns the public key, as somebody would take it for a shared secret.
func (i *Issuer) PublicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(&i.key.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (i *Issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	m := Claims{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		"authorization_response_iss_parameter_supported": true,
	}
	if i.UserInfo != nil {
		m["userinfo_endpoint"] = i.URL + "/userinfo"
	}
	maps.Copy(m, i.Metadata)
	write(w, m)
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	write(w, Claims{"keys": []Claims{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": i.kid, "n": encode(i.key.N.Bytes()),
		"e": encode(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// authorize sends the visitor back at once.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked := r.URL.Query()
	back := url.Values{"state": {asked.Get("state")}, "iss": {i.URL}}
	switch i.Iss {
	case "":
	case "-":
		back.Del("iss")
	default:
		back.Set("iss", i.Iss)
	}
	if i.Refuse != "" {
		back.Set("error", i.Refuse)
	} else {
		code := rand.Text()
		i.codes[code] = asked
		back.Set("code", code)
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token exchanges a code, once, for the verifier that belongs to it.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != i.ClientID || !hmac.Equal([]byte(secret), []byte(i.Secret)) {
		w.WriteHeader(http.StatusUnauthorized)
		write(w, Claims{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	asked, there := i.codes[code]
	delete(i.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	proved := hmac.Equal([]byte(asked.Get("code_challenge")), []byte(encode(sum[:])))
	if !there || asked.Get("code_challenge_method") != "S256" || !proved ||
		asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		write(w, Claims{"error": "invalid_grant"})
		return
	}
	claims := Claims{
		"iss": i.URL, "sub": i.Subject, "aud": i.ClientID, "nonce": asked.Get("nonce"), "sid": "session-1",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	maps.Copy(claims, i.More)
	write(w, Claims{
		"access_token": "canary-access-token", "token_type": "Bearer", "id_token": i.signed("JWT", claims),
	})
}

func (i *Issuer) userInfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer canary-access-token" || i.UserInfo == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	write(w, i.UserInfo)
}

// LogoutToken returns a logout token, whose claims are changed by those that are given.
func (i *Issuer) LogoutToken(change Claims) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	claims := Claims{
		"iss": i.URL, "aud": i.ClientID, "iat": time.Now().Unix(),
		"exp": time.Now().Add(2 * time.Minute).Unix(),
		"jti": rand.Text(), "sub": i.Subject,
		"events": Claims{"http://schemas.openid.net/event/backchannel-logout": Claims{}},
	}
	typ := "logout+jwt"
	for name, value := range change {
		switch {
		case name == "typ":
			typ = fmt.Sprint(value)
		case value == nil:
			delete(claims, name)
		default:
			claims[name] = value
		}
	}
	return i.signed(typ, claims)
}

// signed returns a token.
func (i *Issuer) signed(typ string, claims Claims) string {
	header := Claims{"alg": "RS256", "kid": i.kid, "typ": typ}
	if i.Bend != nil {
		i.Bend(header, claims)
	}
	input := encode(text(header)) + "." + encode(text(claims))
	sign := i.Sign
	if sign == nil {
		sign = i.rs256
	}
	return input + "." + encode(sign([]byte(input)))
}

func (i *Issuer) rs256(input []byte) []byte {
	sum := sha256.Sum256(input)
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signature
}

// HS256 signs by a shared secret.
func HS256(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func text(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text(v))
}
