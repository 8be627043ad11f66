package conformance_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSettingsTLS: what a module says of the encryption of its database holds for
// Coatcheck: an authority that has signed the server's certificate lets it in, and
// another does not; nor does another name, where names are to be verified.
func TestSettingsTLS(t *testing.T) {
	t.Parallel()
	other, _, err := testenv.Certificate(t.TempDir())
	must(t, err)
	postgres, ca := tlsPostgres(t, tls.NoClientCert)
	theirs, mariadb := tlsMariaDB(t)
	for _, c := range []struct {
		name    string
		db      testenv.Database
		host    string
		options string
		reason  string // part of it; empty where the connection is made
	}{
		{"PostgreSQL", postgres, "127.0.0.1", "'sslmode': 'verify-full', 'sslrootcert': '" + ca + "'", ""},
		{"PostgreSQL, another authority", postgres, "127.0.0.1", "'sslmode': 'verify-full', 'sslrootcert': '" + other + "'", "certificate"},
		{"PostgreSQL, another name", postgres, "localhost", "'sslmode': 'verify-full', 'sslrootcert': '" + ca + "'", "certificate"},
		{"PostgreSQL, no name", postgres, "localhost", "'sslmode': 'verify-ca', 'sslrootcert': '" + ca + "'", ""},
		{"PostgreSQL, another authority, no name", postgres, "localhost", "'sslmode': 'verify-ca', 'sslrootcert': '" + other + "'", "certificate"},
		{"MariaDB", mariadb, "127.0.0.1", "'ssl_mode': 'VERIFY_IDENTITY', 'ssl': {'ca': '" + theirs + "'}", ""},
		{"MariaDB, another authority", mariadb, "127.0.0.1", "'ssl': {'ca': '" + other + "'}", "certificate"},
		{"MariaDB, another name", mariadb, "localhost", "'ssl_mode': 'VERIFY_IDENTITY', 'ssl': {'ca': '" + theirs + "'}", "certificate"},
		{"MariaDB, no name", mariadb, "localhost", "'ssl': {'ca': '" + theirs + "'}", ""},
		{"MariaDB, only encrypted", mariadb, "localhost", "'ssl_mode': 'REQUIRED'", ""},
		{"MariaDB, half a certificate", mariadb, "localhost", "'ssl': {'ca': '" + theirs + "', 'cert': '" + theirs + "'}", "ssl-cert and ssl-key"},
		{"MariaDB, a mode that is none", mariadb, "localhost", "'ssl_mode': 'HARD'", "ssl-mode"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := migratesWith(t, c.db, c.host, c.options)
			if (err != nil) != (c.reason != "") || !strings.Contains(out, c.reason) || strings.Contains(out, c.db.Password) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// migratesWith converts settings with this database, and lets coatcheck migrate
// connect to it.
func migratesWith(t *testing.T, db testenv.Database, host, options string) (string, error) {
	t.Helper()
	path, err := binary()
	must(t, err)
	dir := t.TempDir()
	dump := filepath.Join(dir, "settings.txt")
	must(t, os.WriteFile(dump, fmt.Appendf(nil, "SESSION_COOKIE_NAME = 'sessionid'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.%s', "+
		"'NAME': '%s', 'USER': '%s', 'PASSWORD': '%s', 'HOST': '%s', 'PORT': '%s', 'OPTIONS': {%s}}}\n",
		db.Engine, db.Name, db.User, db.Password, host, db.Port, options), 0o600))
	made, err := exec.CommandContext(t.Context(), path, "settings", "--from-django", dump).Output()
	must(t, err)
	_, rest, _ := strings.Cut(string(made), `"database": "`)
	address, _, _ := strings.Cut(rest, `"`)
	u, err := url.Parse(address)
	must(t, err)
	u.User = url.UserPassword(db.User, db.Password) // as the note says
	migrate := exec.CommandContext(t.Context(), path, "migrate")
	migrate.Dir, migrate.Env = dir, append(os.Environ(), "COATCHECK_DATABASE="+u.String())
	out, err := migrate.CombinedOutput()
	return string(out), err
}

// tlsMariaDB is a database of the server, which has a certificate of 127.0.0.1, and
// the file with that.
func tlsMariaDB(t *testing.T) (ca string, db testenv.Database) {
	t.Helper()
	db = testenv.MariaDBDatabase(t)
	config, err := mysql.ParseDSN(db.DSN())
	must(t, err)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	config.TLS = &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		return os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.PeerCertificates[0].Raw}), 0o600)
	}}
	connector, err := mysql.NewConnector(config)
	must(t, err)
	connection, err := connector.Connect(t.Context())
	if errors.Is(err, mysql.ErrNoTLS) {
		t.Skip("this MariaDB has no certificate; without COATCHECK_TEST_MARIADB the tests start one that has")
	}
	must(t, err)
	must(t, connection.Close())
	return ca, db
}

// tlsPostgres is a database behind a proxy that speaks TLS and asks for a certificate as
// told, and the file with its own.
func tlsPostgres(t *testing.T, asks tls.ClientAuthType) (db testenv.Database, ca string) {
	t.Helper()
	db = testenv.PostgresDatabase(t)
	ca, key, err := testenv.Certificate(t.TempDir())
	must(t, err)
	pair, err := tls.LoadX509KeyPair(ca, key)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	behind := net.JoinHostPort(db.Host, db.Port)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			go encryptPostgres(context.Background(), client, behind, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: asks})
		}
	}()
	_, db.Port, err = net.SplitHostPort(listener.Addr().String())
	must(t, err)
	return db, ca
}

// encryptPostgres agrees to TLS, as a server does, and passes on what comes by it.
// A client that asks for none gets nothing.
func encryptPostgres(ctx context.Context, client net.Conn, behind string, config *tls.Config) {
	defer client.Close()
	request := make([]byte, 8)
	if _, err := io.ReadFull(client, request); err != nil || string(request) != "\x00\x00\x00\x08\x04\xd2\x16\x2f" {
		return
	}
	if _, err := client.Write([]byte("S")); err != nil {
		return
	}
	secure := tls.Server(client, config)
	if secure.HandshakeContext(ctx) != nil {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", behind)
	if err != nil {
		return
	}
	copyBoth(secure, server)
}
