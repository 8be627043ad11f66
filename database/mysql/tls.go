package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"

	driver "github.com/go-sql-driver/mysql"
)

// tlsOptions are the options of MySQL's own programs that say how a connection is
// encrypted: ssl-mode, ssl-ca, ssl-cert and ssl-key.
type tlsOptions struct{ mode, ca, cert, key string }

// takeTLS removes them from the parameters of an address.
func takeTLS(query url.Values) tlsOptions {
	o := tlsOptions{query.Get("ssl-mode"), query.Get("ssl-ca"), query.Get("ssl-cert"), query.Get("ssl-key")}
	for _, name := range []string{"ssl-mode", "ssl-ca", "ssl-cert", "ssl-key"} {
		query.Del(name)
	}
	if o.ca != "" && (o.mode == "" || o.mode == "REQUIRED") { // as MySQL's programs do
		o.mode = "VERIFY_CA"
	}
	return o
}

// apply configures the connection to the host.
func (o tlsOptions) apply(config *driver.Config, host string) error {
	if o == (tlsOptions{}) {
		return nil
	}
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	switch o.mode {
	case "DISABLED":
		return nil
	case "PREFERRED":
		c.InsecureSkipVerify, config.AllowFallbackToPlaintext = true, true
	case "REQUIRED", "":
		c.InsecureSkipVerify = true
	case "VERIFY_CA":
		c.InsecureSkipVerify, c.VerifyConnection = true, verifyChain(c)
	case "VERIFY_IDENTITY":
	default:
		return errors.New("the DSN has an ssl-mode that is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY")
	}
	if err := o.files(c); err != nil {
		return err
	}
	config.TLS = c
	return nil
}

// files reads the authorities and the certificate of its own.
func (o tlsOptions) files(c *tls.Config) error {
	if o.ca != "" {
		text, err := os.ReadFile(o.ca)
		if err != nil {
			return fmt.Errorf("ssl-ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("ssl-ca: %s has no certificate", o.ca)
		}
	}
	if (o.cert == "") != (o.key == "") {
		return errors.New("the DSN has one of ssl-cert and ssl-key; give both")
	}
	if o.cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return fmt.Errorf("ssl-cert and ssl-key: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}

// verifyChain checks that an authority has signed the server's certificate,
// whatever name is in it.
func verifyChain(c *tls.Config) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: c.RootCAs, Intermediates: x509.NewCertPool()}
		for _, between := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(between)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}
