package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// How long the metadata of a provider counts, and how long it is not asked again after it failed.
const (
	metadataAge = time.Hour
	retryAfter  = 5 * time.Second
)

// algorithms are those by which tokens may be signed: none that a shared secret signs, since that
// may be the public key, taken for a secret.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// party is a provider, with what is known of it.
type party struct {
	Provider
	client *http.Client

	mu    sync.Mutex // guards what follows
	asked time.Time
	known *metadata
	err   error
}

// metadata is what a provider says about itself.
type metadata struct {
	provider *oidc.Provider
	keys     oidc.KeySet
	extras
}

// extras is what go-oidc does not read.
type extras struct {
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	JWKSURL     string   `json:"jwks_uri"`
}

func newParty(p Provider) *party { return &party{Provider: p, client: newClient(p.Issuer)} }

// metadata returns what the provider says about itself, which it is asked once an hour. If it fails
// then, what it said before counts on.
func (p *party) metadata(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	age := time.Since(p.asked)
	if p.known != nil && age < metadataAge {
		return p.known, nil
	}
	if p.err != nil && age < retryAfter {
		return p.known, p.err
	}
	found, err := p.discover(context.WithoutCancel(ctx))
	if err != nil {
		err = failure{err}
	}
	p.asked, p.err = time.Now(), err
	if err == nil {
		p.known = found
	}
	if p.known != nil {
		p.err = nil
		return p.known, nil
	}
	return nil, err
}

// discover asks the provider for its metadata.
func (p *party) discover(ctx context.Context) (*metadata, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	provider, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	m := &metadata{provider: provider}
	if err := provider.Claims(&m.extras); err != nil {
		return nil, fmt.Errorf("oidc: metadata: %w", err)
	}
	at := provider.Endpoint()
	for _, endpoint := range []string{at.AuthURL, at.TokenURL, m.JWKSURL} {
		if err := checkEndpoint(p.Issuer, endpoint); err != nil {
			return nil, err
		}
	}
	m.keys = oidc.NewRemoteKeySet(ctx, m.JWKSURL)
	return m, nil
}

// checkEndpoint refuses endpoints that are not as safe as the issuer.
func checkEndpoint(issuer, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("oidc: the provider names %q as an endpoint, which is no address", endpoint)
	}
	from, err := url.Parse(issuer)
	if err != nil {
		return fmt.Errorf("oidc: %w", err)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || from.Scheme != "http" || !local(u.Hostname())) {
		return fmt.Errorf("oidc: the provider names %q as an endpoint, which does not begin with "+
			"https://", endpoint)
	}
	return nil
}

// oauth returns the client as golang.org/x/oauth2 takes it.
func (p *party) oauth(m *metadata, redirect string) *oauth2.Config {
	endpoint := m.provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	posts := slices.Contains(m.AuthMethods, "client_secret_post") &&
		!slices.Contains(m.AuthMethods, "client_secret_basic")
	if p.Secret == "" || posts {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(p.Secret), Endpoint: endpoint, RedirectURL: redirect,
		Scopes: p.Scopes,
	}
}

// errSignature: a token is no JWT, or was not signed by the provider.
var errSignature = errors.New("oidc: the token is not signed by the provider")

// verified returns the payload of a token that the provider has signed. The error is errSignature, or
// a failure to get the keys of the provider.
func (p *party) verified(ctx context.Context, m *metadata, token string) ([]byte, error) {
	if len(token) > maxToken {
		return nil, errSignature
	}
	keys := &keySet{KeySet: m.keys}
	// What tokens claim is checked by claims.check, whose refusals say what was wrong.
	verifier := oidc.NewVerifier(p.Issuer, keys, &oidc.Config{
		SupportedSigningAlgs: algorithms,
		SkipClientIDCheck:    true, SkipExpiryCheck: true, SkipIssuerCheck: true,
	})
	_, err := verifier.Verify(oidc.ClientContext(ctx, p.client), token)
	if keys.failed != nil {
		return nil, failure{fmt.Errorf("oidc: keys of the provider: %w", keys.failed)}
	}
	if err != nil {
		return nil, errSignature
	}
	return keys.payload, nil
}

// keySet remembers what became of the look for a key.
type keySet struct {
	oidc.KeySet
	payload []byte
	failed  error
}

// VerifySignature is that of the key set. An error that wraps another is of the request for keys.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if k.payload = payload; errors.Unwrap(err) != nil {
		k.failed = errors.Unwrap(err)
	}
	return payload, err
}
