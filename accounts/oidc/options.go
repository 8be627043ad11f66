package oidc

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Secret is a client secret, which does not print itself.
type Secret string

// String hides the secret.
func (Secret) String() string { return "client secret" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Provider is an OpenID provider, at which the site is registered as a client. The redirect URI
// there is https://SITE/accounts/oidc/NAME/callback/.
type Provider struct {
	// Name is what addresses call the provider: lowercase letters, digits and hyphens.
	Name string
	// Label is what the pages call it; Name when empty.
	Label string
	// Issuer is its address, exactly as in its metadata: https://login.example.com, for instance.
	// It needs https://, but for http:// at localhost or an address of this machine.
	Issuer string
	// ClientID is what the provider calls the site.
	ClientID string
	// Secret is that of the client; empty for a public client, whose logins PKCE alone protects.
	Secret Secret `json:"-"`
	// Scopes are what it is asked for; openid, profile and email when nil.
	Scopes []string
}

// label is what the pages call the provider.
func (p *Provider) label() string { return cmp.Or(p.Label, p.Name) }

// Options are the settings.
type Options struct {
	// Providers are those by which users sign in.
	Providers []Provider
	// Signup creates an account for everybody who signs in at a provider and has none here.
	// Set it only where everybody with an account at each of the providers may have one here.
	Signup bool
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// taken are names that are addresses of the account pages.
var taken = []string{"add", "remove"}

// check refuses what cannot work.
func (o *Options) check() error {
	names, issuers := map[string]bool{}, map[string]bool{}
	for i := range o.Providers {
		p := &o.Providers[i]
		switch {
		case !nameForm.MatchString(p.Name) || slices.Contains(taken, p.Name):
			return fmt.Errorf("oidc: a provider is called %q (--oidc); write a name of lowercase letters, "+
				"digits and hyphens, such as example, at most 32, and neither add nor remove", p.Name)
		case names[p.Name]:
			return fmt.Errorf("oidc: two providers are called %q (--oidc); give each a name of "+
				"its own", p.Name)
		case issuers[p.Issuer]:
			return fmt.Errorf("oidc: two providers have the issuer %q (--oidc); leave one of "+
				"them out", p.Issuer)
		case p.ClientID == "":
			return fmt.Errorf("oidc: the provider %q has no client ID (--oidc-client-id); register the "+
				"site there, and set the ID that it gives", p.Name)
		}
		if err := checkIssuer(p.Issuer); err != nil {
			return fmt.Errorf("oidc: the issuer of %q (--oidc) is %q: %w", p.Name, p.Issuer, err)
		}
		if p.Scopes == nil {
			p.Scopes = []string{"openid", "profile", "email"}
		}
		if !slices.Contains(p.Scopes, "openid") {
			return fmt.Errorf("oidc: the scopes of %q lack openid, without which no provider says who "+
				"signed in", p.Name)
		}
		names[p.Name], issuers[p.Issuer] = true, true
	}
	return nil
}

// checkIssuer refuses addresses that no provider on the internet can have.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("write it as https://login.example.com, as the provider's metadata has it")
	case u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname()):
		return nil
	}
	return errors.New("it must begin with https://, unless it is on this machine")
}

// local reports whether a host is this machine by its name.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
