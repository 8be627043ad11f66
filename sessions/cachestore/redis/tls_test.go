package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
)

// certificate writes a key and a certificate of 127.0.0.1 that signs itself.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "cert.pem"), cert, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: rawKey}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

func TestTLS(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pool := certificate(t, dir)
	startRedis(t, "--tls-port", port, "--tls-cert-file", filepath.Join(dir, "cert.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"), "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + port + "/1"
	store := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: url, TLS: &tls.Config{RootCAs: pool}})})
	key, _ := create(t, store, `{"a":1}`, time.Hour)
	if _, err := store.Load(t.Context(), key); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]redis.Config{
		"unknown authority": {URL: url},
		"another name":      {URL: url, TLS: &tls.Config{RootCAs: pool, ServerName: "elsewhere.example"}},
		"no TLS":            {URL: "redis://127.0.0.1:" + port, DialTimeout: 2 * time.Second, Timeout: 2 * time.Second},
		"half of it":        {URL: "redis://127.0.0.1:" + port, TLS: &tls.Config{RootCAs: pool}},
	} {
		if cache, err := redis.Open(t.Context(), c); err == nil {
			cache.Close()
			t.Errorf("%s: was opened", name)
		}
	}
}
