package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/oidc"
	"github.com/coatcheck/coatcheck/internal/textfile"
)

// oidcSecretVariables begin the names of the variables with client secrets.
const oidcSecretVariables = envPrefix + "_OIDC_SECRET_"

// maxClientSecret bounds a file with a client secret, in bytes.
const maxClientSecret = 4096

// oidcFlags say by which OpenID providers users sign in.
type oidcFlags struct {
	Issuers   []string `group:"users" name:"oidc" sep:"none" placeholder:"NAME=ISSUER" help:"OpenID provider by which users sign in, such as example=https://login.example.com; NAME is a part of its addresses here, and the redirect URI is https://SITE/accounts/oidc/NAME/callback/. May be repeated."`
	ClientIDs []string `group:"users" name:"oidc-client-id" sep:"none" placeholder:"NAME=ID" help:"What the provider NAME of --oidc calls this site; each provider needs one. May be repeated."`
	Secrets   []string `group:"users" name:"oidc-client-secret-file" sep:"none" placeholder:"NAME=PATH" help:"File with the client secret for the provider NAME of --oidc. $$COATCHECK_OIDC_SECRET_NAME, in capital letters and with _ for -, is the secret itself. Neither for a public client. May be repeated."`
	Labels    []string `group:"users" name:"oidc-label" sep:"none" placeholder:"NAME=TEXT" help:"What the pages call the provider NAME of --oidc; NAME by default. May be repeated."`
	Signup    bool     `group:"users" name:"oidc-signup" help:"Create an account for everybody who signs in at a provider of --oidc and has none. Without it, users link their accounts themselves."`
}

// apply configures the site.
func (f *oidcFlags) apply(c *coatcheck.Config) error {
	options := oidc.Options{Signup: f.Signup}
	for _, given := range f.Issuers {
		name, issuer, _ := strings.Cut(given, "=")
		options.Providers = append(options.Providers, oidc.Provider{Name: name, Issuer: issuer})
	}
	for i := range options.Providers {
		p := &options.Providers[i]
		p.Secret = oidc.Secret(os.Getenv(secretVariable(p.Name)))
	}
	for _, flag := range []struct {
		name  string
		given []string
		set   func(p *oidc.Provider, value string) error
	}{
		{"oidc-client-id", f.ClientIDs, setClientID},
		{"oidc-label", f.Labels, setLabel},
		{"oidc-client-secret-file", f.Secrets, setSecret},
	} {
		if err := eachOf(options.Providers, flag.name, flag.given, flag.set); err != nil {
			return err
		}
	}
	if len(options.Providers) == 0 {
		if f.Signup {
			return usageError{errors.New("--oidc-signup needs a provider; give --oidc NAME=ISSUER")}
		}
		return nil
	}
	c.Views.Extras = append(c.Views.Extras, oidc.New(options))
	return nil
}

// eachOf sets the values of a flag, each NAME=VALUE, at the providers that they name.
func eachOf(all []oidc.Provider, flag string, given []string, set func(*oidc.Provider, string) error) error {
	for _, one := range given {
		name, value, _ := strings.Cut(one, "=")
		found := false
		for i := range all {
			if all[i].Name == name && value != "" {
				found = true
				if err := set(&all[i], value); err != nil {
					return usageError{fmt.Errorf("--%s: %w", flag, err)}
				}
			}
		}
		if !found {
			return usageError{fmt.Errorf("--%s names no provider; write NAME=VALUE, with a NAME of "+
				"--oidc", flag)}
		}
	}
	return nil
}

func setClientID(p *oidc.Provider, value string) error { p.ClientID = value; return nil }

func setLabel(p *oidc.Provider, value string) error { p.Label = value; return nil }

// setSecret reads the client secret of a provider.
func setSecret(p *oidc.Provider, path string) error {
	if p.Secret != "" {
		return fmt.Errorf("there is a %s too; give one of them", secretVariable(p.Name))
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxClientSecret {
		return fmt.Errorf("the file %s is too large for a secret", path)
	}
	text, err := os.ReadFile(path)
	if err == nil {
		text, err = textfile.Decode(text)
	}
	if err != nil {
		return err
	}
	if p.Secret = oidc.Secret(strings.TrimSpace(string(text))); p.Secret == "" {
		return fmt.Errorf("the file %s is empty", path)
	}
	return nil
}

// secretVariable is the name of the variable with the client secret of a provider.
func secretVariable(provider string) string {
	return oidcSecretVariables + strings.ToUpper(strings.ReplaceAll(provider, "-", "_"))
}
