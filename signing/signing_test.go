package signing_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/signing"
)

const key = "a secret key that is long enough for anything"

func newTimestamp(t testing.TB, c signing.Config) *signing.TimestampSigner {
	t.Helper()
	c.Key = key
	s, err := signing.NewTimestamp(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ExampleTimestampSigner_Dumps() {
	signer, err := signing.NewTimestamp(signing.Config{Key: "secret", Salt: signing.DumpsSalt})
	if err != nil {
		panic(err)
	}
	token, err := signer.At(time.Unix(1700000000, 0)).Dumps(map[string]int{"user": 7}, true)
	if err != nil {
		panic(err)
	}
	var v struct{ User int }
	fmt.Println(token, signer.Loads(token, &v), v.User)
	// Output: eyJ1c2VyIjo3fQ:1r31eq:cnBv1f0aZzEwRGoD-mBbmf-6RMxc2-wp1bmWhRfV7hs <nil> 7
}

func TestEveryTamperedByteIsRefused(t *testing.T) {
	s := newTimestamp(t, signing.Config{})
	token, err := s.Dumps("value", false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for _, c := range []byte{'A', 'b', '_', ':', 0, 0xff} {
			if token[i] == c {
				continue
			}
			forged := token[:i] + string([]byte{c}) + token[i+1:]
			var v string
			if err := s.Loads(forged, &v); !errors.Is(err, signing.ErrBadSignature) {
				t.Errorf("byte %d as %q: %v, %v", i, c, v, err)
			}
		}
	}
}

func TestInflationIsBounded(t *testing.T) {
	s := newTimestamp(t, signing.Config{})
	bomb := func(size int) string {
		var buf bytes.Buffer
		w := zlib.NewWriter(&buf)
		w.Write(bytes.Repeat([]byte{' '}, size))
		w.Close()
		return s.Sign("." + base64.RawURLEncoding.EncodeToString(buf.Bytes()))
	}
	if _, err := s.LoadsText(bomb(signing.MaxInflated)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := s.LoadsText(bomb(64 << 20)); !errors.Is(err, signing.ErrTooLarge) || !errors.Is(err, signing.ErrMalformed) {
		t.Errorf("a bomb: %v", err)
	}
	if text, err := s.LoadsText(s.DumpsText(strings.Repeat("ab", 500), true)); err != nil || len(text) != 1000 {
		t.Errorf("after a bomb: %d bytes, %v", len(text), err)
	}
}

func TestMaxAge(t *testing.T) {
	s := newTimestamp(t, signing.Config{})
	start := time.Unix(1700000000, 0)
	token, _ := s.At(start).Dumps(1, false)
	var n int
	if err := s.At(start.Add(10*time.Second)).LoadsMaxAge(token, 10*time.Second, &n); err != nil || n != 1 {
		t.Errorf("at the limit: %v", err)
	}
	err := s.At(start.Add(11*time.Second)).LoadsMaxAge(token, 10*time.Second, &n)
	var expired *signing.ExpiredError
	if !errors.Is(err, signing.ErrExpired) || !errors.Is(err, signing.ErrBadSignature) || !errors.As(err, &expired) || expired.Age != 11*time.Second {
		t.Errorf("past the limit: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := signing.Config{Key: "canary"}
	s, err := signing.New(c)
	if err != nil {
		t.Fatal(err)
	}
	cc := signing.CookieConfig{Key: "canary", FallbackKeys: []string{"canary"}}
	for _, v := range []any{c, &c, cc, signing.NewMAC(sha256.New, "salt", "canary"), s} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "canary") {
				t.Errorf("%s of %T prints the key: %s", verb, v, out)
			}
		}
	}
	if _, err := signing.New(signing.Config{}); err == nil {
		t.Error("no key is an error")
	}
	if _, err := signing.NewCookieSigner(signing.CookieConfig{}); err == nil {
		t.Error("no key is an error for cookies too")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newTimestamp(t, signing.Config{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				want := fmt.Sprint(strings.Repeat("x", j), i)
				token, _ := s.Dumps(want, true)
				var got string
				if err := s.Loads(token, &got); err != nil || got != want {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzUnsign(f *testing.F) {
	s := newTimestamp(f, signing.Config{FallbackKeys: []string{"old"}})
	token, _ := s.Dumps(map[string]any{"a": []int{1, 2}}, false)
	packed, _ := s.Dumps(strings.Repeat("abc", 100), true)
	for _, seed := range []string{token, packed, "", ":", "::", "a:b:c", ".eJw:1:x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if in == token || in == packed {
			return
		}
		if text, err := s.LoadsText(in); err == nil {
			t.Fatalf("a signature was forged: %q gives %q", in, text)
		}
		// The same text below a good signature: no panic, bounded, and an error or a value.
		if text, err := s.LoadsText(s.Sign(in)); err != nil && !errors.Is(err, signing.ErrMalformed) || len(text) > signing.MaxInflated {
			t.Fatalf("signed %q: %v", in, err)
		}
		value, _, err := s.Unsign(s.Sign(in))
		if err != nil || value != in {
			t.Fatalf("round trip of %q: %q, %v", in, value, err)
		}
	})
}

func BenchmarkUnsign(b *testing.B) {
	s := newTimestamp(b, signing.Config{})
	token, _ := s.Dumps(map[string]string{"_auth_user_id": "1", "_auth_user_hash": strings.Repeat("f", 64)}, true)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.LoadsText(token); err != nil {
			b.Fatal(err)
		}
	}
}
