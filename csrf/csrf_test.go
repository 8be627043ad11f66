package csrf

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// TestVectors: the kind request is held in package middleware.
func TestVectors(t *testing.T) {
	agreed := map[string]int{}
	for _, v := range vectors.Load(t, "csrf") {
		var r struct {
			Alphabet     string
			SecretLength int    `json:"secret_length"`
			TokenLength  int    `json:"token_length"`
			SessionKey   string `json:"session_key"`
			Secret       string
			Mask         string
			Token        string
		}
		switch v.Kind() {
		case "constants":
			v.DecodeAll(t, &r)
			if r.Alphabet != Alphabet || r.SecretLength != SecretLength || r.TokenLength != TokenLength || r.SessionKey != SessionKey {
				t.Errorf("%v: %s", v, v.JSON)
			}
		case "mask":
			v.DecodeAll(t, &r)
			if got := mask(r.Secret, r.Mask); got != r.Token {
				t.Errorf("%v: %s\n%s", v, got, v.JSON)
			}
		case "unmask":
			v.DecodeAll(t, &r)
			secret, err := Parse(r.Token)
			if ok, matchErr := secret.Match(r.Token); secret.Text() != r.Secret || err != nil || !ok || matchErr != nil {
				t.Errorf("%v: %s, %v, matches %v, %v\n%s", v, secret.Text(), err, ok, matchErr, v.JSON)
			}
		case "request":
			continue
		default:
			t.Errorf("%v: nobody tests this kind", v)
		}
		agreed[v.Kind()]++
	}
	t.Logf("agreed: %v", agreed)
}

// TestTokens: two tokens of a secret never share bytes that would tell it, and
// both match; those of another secret do not.
func TestTokens(t *testing.T) {
	secret, other := NewSecret(), NewSecret()
	if secret == other || len(secret.Text()) != SecretLength {
		t.Fatalf("secrets %q and %q", secret.Text(), other.Text())
	}
	seen := map[string]bool{}
	for range 1000 {
		token := secret.Token()
		if seen[token] || seen[token[:SecretLength]] || seen[token[SecretLength:]] || strings.Contains(token, secret.Text()) {
			t.Fatalf("token %s came before, or tells the secret", token)
		}
		seen[token], seen[token[:SecretLength]], seen[token[SecretLength:]] = true, true, true
		if ok, err := secret.Match(token); !ok || err != nil {
			t.Fatalf("%s: %v, %v", token, ok, err)
		}
		if ok, err := other.Match(token); ok || err != nil {
			t.Fatalf("the other secret: %s: %v, %v", token, ok, err)
		}
	}
	if ok, err := secret.Match(secret.Text()); !ok || err != nil {
		t.Errorf("the bare secret: %v, %v", ok, err)
	}
}

// TestEveryCharacterIsAsLikely: a chi-squared test of 62 cells; 120 is passed by
// chance once in 100,000 runs.
func TestEveryCharacterIsAsLikely(t *testing.T) {
	const n = 20_000
	var count [256]int
	for range n {
		for _, c := range []byte(random()) {
			count[c]++
		}
	}
	expected, chi := float64(n*SecretLength)/float64(base), 0.0
	for i := range len(Alphabet) {
		d := float64(count[Alphabet[i]]) - expected
		chi += d * d / expected
	}
	if chi > 120 {
		t.Errorf("chi squared is %.0f", chi)
	}
}

func TestRefusals(t *testing.T) {
	good := NewSecret()
	for _, tt := range []struct {
		text string
		want error
	}{
		{"", ErrLength},
		{strings.Repeat("a", 31), ErrLength},
		{strings.Repeat("a", 33), ErrLength},
		{strings.Repeat("a", 63), ErrLength},
		{strings.Repeat("a", 65), ErrLength},
		{strings.Repeat("*", 32), ErrCharacters},
		{strings.Repeat("a", 63) + "\n", ErrCharacters},
		{strings.Repeat("é", 32), ErrCharacters}, // 64 bytes
		{strings.Repeat("é", 16), ErrLength},     // 32 bytes
		{strings.Repeat("\xff", 32), ErrCharacters},
		{strings.Repeat("\x00", 64), ErrCharacters},
		{`"><script>alert(document.cookie)`, ErrCharacters},
	} {
		if s, err := Parse(tt.text); !errors.Is(err, tt.want) || !s.IsZero() {
			t.Errorf("Parse(%q) = %v, %v", tt.text, s, err)
		}
		if ok, err := good.Match(tt.text); ok || !errors.Is(err, tt.want) {
			t.Errorf("Match(%q) = %v, %v", tt.text, ok, err)
		}
	}
}

// TestZeroMatchesNothing: a secret that is missing or malformed never lets a
// token pass (CVE-2020-36564).
func TestZeroMatchesNothing(t *testing.T) {
	var zero Secret
	if zero.Token() != "" {
		t.Error("the zero Secret has a token")
	}
	for _, token := range []string{"", strings.Repeat("a", 32), strings.Repeat("a", 64), NewSecret().Token()} {
		if ok, _ := zero.Match(token); ok {
			t.Errorf("%q matches the zero Secret", token)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := NewSecret()
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", s)
	text, err := json.Marshal(map[string]any{"secret": s})
	if err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	fmt.Fprintf(&b, "%v %+v %#v %s %q", s, s, s, s, s)
	if strings.Contains(b.String(), s.Text()) {
		t.Error(b.String())
	}
}

// FuzzToken: nothing panics, only texts of the two lengths and the alphabet are
// taken, and what is taken matches itself and its own tokens alone.
func FuzzToken(f *testing.F) {
	f.Add("", "")
	f.Add(strings.Repeat("a", 32), strings.Repeat("9", 64))
	f.Add(strings.Repeat("é", 32), strings.Repeat("a", 31)+"\x00")
	f.Fuzz(func(t *testing.T, stored, token string) {
		secret, err := Parse(stored)
		if fine := (len(stored) == 32 || len(stored) == 64) && strings.Trim(stored, Alphabet) == ""; fine != (err == nil) {
			t.Fatalf("Parse(%q): %v", stored, err)
		}
		matches, matchErr := secret.Match(token)
		if err != nil {
			if matches || !secret.IsZero() {
				t.Fatalf("%q matches %q", token, stored)
			}
			return
		}
		again, parseErr := Parse(token)
		if (parseErr == nil) != (matchErr == nil) || matches != (parseErr == nil && again == secret) {
			t.Fatalf("%q and %q: %v, %v, %v", stored, token, matches, matchErr, parseErr)
		}
		if ok, err := secret.Match(secret.Token()); !ok || err != nil {
			t.Fatalf("a token of %q: %v, %v", stored, ok, err)
		}
	})
}
