package signing_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/signing"
)

// record is a record of the topic signing; each kind has some of the fields.
type record struct {
	N, Encoded, Decoded, Input, Hex string
	Salt, EffectiveSalt             *string
	Value, Secret, Algorithm        string
	Key, Sep, Signed, JSON          string
	SignKey, SecretKey, Name        string
	Fallbacks                       []string `json:"fallback_keys"`
	Compress, OK                    bool
	Time, Now                       float64
	MaxAge                          *float64 `json:"max_age"`
	Result                          json.RawMessage
	CookieValue, Back               string
	Error                           *struct{ Type, Msg string }
	vectors.Record                  `json:"-"`
}

func (r *record) salt() string {
	if r.Salt == nil {
		return ""
	}
	return *r.Salt
}

func (r *record) text() string {
	var s string
	if json.Unmarshal(r.Result, &s) != nil {
		return string(r.Result)
	}
	return s
}

var hashes = map[string]func() hash.Hash{"": sha256.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// checks has one function for each kind of record. It returns what disagrees.
var checks = map[string]func(t *testing.T, r *record) string{
	"base62": func(t *testing.T, r *record) string {
		n, err := signing.DecodeBase62(r.Encoded)
		if len(r.N) > 19 && n == math.MaxInt64 {
			return listed("a number beyond 64 bits, which no timestamp is, saturates")
		}
		return differ(fmt.Sprint(n, err), r.N+" <nil>", signing.EncodeBase62(n), r.Encoded)
	},
	"base62_decode": func(t *testing.T, r *record) string {
		n, err := signing.DecodeBase62(r.Input)
		return outcome(r, fmt.Sprint(n), err, signing.ErrMalformed)
	},
	"b64": func(t *testing.T, r *record) string {
		raw, _ := hex.DecodeString(r.Hex)
		back, err := signing.DecodeBase64(r.Encoded)
		return differ(signing.EncodeBase64(raw), r.Encoded, hex.EncodeToString(back), r.Hex, fmt.Sprint(err), "<nil>")
	},
	"b64_decode": func(t *testing.T, r *record) string {
		raw, err := signing.DecodeBase64(r.Input)
		r.Result, _ = json.Marshal(r.Hex)
		return outcome(r, hex.EncodeToString(raw), err, signing.ErrMalformed)
	},
	"salted_hmac": func(t *testing.T, r *record) string {
		return differ(hex.EncodeToString(signing.SaltedHMAC(hashes[r.Algorithm], r.salt(), r.Value, r.Secret)), r.Hex)
	},
	"signer": func(t *testing.T, r *record) string {
		s, err := signing.New(signing.Config{Key: r.Key, Salt: r.salt(), Separator: r.Sep, Hash: hashes[r.Algorithm]})
		if err != nil {
			return err.Error()
		}
		back, err := s.Unsign(r.Signed)
		return differ(s.Sign(r.Value), r.Signed, back, r.Value, fmt.Sprint(err), "<nil>")
	},
	"signer_sep": func(t *testing.T, r *record) string {
		_, err := signing.New(signing.Config{Key: "k", Separator: r.Sep})
		if r.Sep == "" && err == nil {
			return listed("an empty Separator means the default here")
		}
		return differ(fmt.Sprint(err == nil), fmt.Sprint(r.OK))
	},
	"signer_bad": func(t *testing.T, r *record) string {
		s, err := signing.New(signing.Config{Key: r.Key, Salt: r.salt()})
		if err != nil {
			return err.Error()
		}
		got, err := s.Unsign(r.Input)
		return outcome(r, got, err, signing.ErrBadSignature)
	},
	"timestamp_signer":              checkTimestamp,
	"timestamp_signer_default_salt": checkTimestamp,
	"timestamp_unsign":              checkUnsign,
	"timestamp_rotten":              checkUnsign,
	"dumps": func(t *testing.T, r *record) string {
		s := timestamp(t, r, r.Key)
		canonical, err := pyjson.Parse(r.JSON)
		if err != nil {
			return err.Error()
		}
		back, err := s.LoadsText(r.Signed)
		own := s.At(at(r.Time)).DumpsText(canonical, r.Compress)
		wrong := differ(back, r.JSON, fmt.Sprint(err), "<nil>", canonical, r.JSON)
		again, err := s.LoadsText(own)
		wrong += differ(again, r.JSON, fmt.Sprint(err), "<nil>")
		switch packed := strings.HasPrefix(own, "."); {
		case wrong == "" && packed != strings.HasPrefix(r.Signed, ".") && math.Abs(float64(len(own)-len(r.Signed))) < 10:
			return listed("Go's zlib writes a few bytes more than C's, so here compressing gains nothing; both read both")
		case packed:
			return wrong // compressed bytes differ between libraries: that they can be read is all there is
		}
		return wrong + differ(own, r.Signed)
	},
	"loads_bad": func(t *testing.T, r *record) string {
		text, err := timestamp(t, r, r.Key).LoadsText(r.Input)
		return outcome(r, text, err, signing.ErrBadSignature)
	},
	"loads_rotten": func(t *testing.T, r *record) string {
		var v json.RawMessage
		err := timestamp(t, r, r.Key).Loads(r.Input, &v)
		return outcome(r, string(v), err, signing.ErrMalformed)
	},
	"fallback": func(t *testing.T, r *record) string {
		var v json.RawMessage
		err := timestamp(t, r, r.Key).Loads(r.Signed, &v)
		return outcome(r, string(v), err, signing.ErrBadSignature)
	},
	"sha1_accept": func(t *testing.T, r *record) string {
		s, err := signing.New(signing.Config{Key: r.Key, Salt: r.salt(), AcceptSHA1: strings.HasPrefix(r.Django(), "3.")})
		if err != nil {
			return err.Error()
		}
		got, err := s.Unsign(r.Input)
		return outcome(r, got, err, signing.ErrBadSignature)
	},
	"signed_cookie":        checkCookie,
	"signed_cookie_legacy": checkCookie,
}

func at(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9))
}

func timestamp(t *testing.T, r *record, key string) *signing.TimestampSigner {
	t.Helper()
	s, err := signing.NewTimestamp(signing.Config{Key: key, FallbackKeys: r.Fallbacks, Salt: r.salt()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkTimestamp(t *testing.T, r *record) string {
	s := timestamp(t, r, r.Key)
	back, when, err := s.Unsign(r.Signed)
	return differ(s.At(at(r.Time)).Sign(r.Value), r.Signed, back, r.Value,
		fmt.Sprint(when.Unix()), fmt.Sprint(int64(r.Time)), fmt.Sprint(err), "<nil>")
}

func checkUnsign(t *testing.T, r *record) string {
	s := timestamp(t, r, r.Key).At(at(r.Now))
	signed := r.Signed + r.Input
	if r.MaxAge == nil {
		got, _, err := s.Unsign(signed)
		return outcome(r, got, err, signing.ErrMalformed)
	}
	got, err := s.UnsignMaxAge(signed, time.Duration(*r.MaxAge*float64(time.Second)))
	if r.Error != nil && r.Error.Type == "django.core.signing.SignatureExpired" {
		return outcome(r, got, err, signing.ErrExpired) + differ(roundAge(t, err.Error()), roundAge(t, "signing: "+r.Error.Msg))
	}
	return outcome(r, got, err, signing.ErrMalformed)
}

// roundAge removes the noise of binary fractions from Django's sentence.
func roundAge(t *testing.T, sentence string) string {
	t.Helper()
	var age, most float64
	if _, err := fmt.Sscanf(strings.ToLower(sentence), "signing: signature age %g > %g seconds", &age, &most); err != nil {
		t.Errorf("%q: %v", sentence, err)
	}
	return fmt.Sprintf("%.4f %.4f", age, most)
}

// checkCookie follows the version: 3.2 and 4.2 write the old salt, 5.2.18 writes
// the new one and reads both, 6.1 knows the new one only.
func checkCookie(t *testing.T, r *record) string {
	old := strings.HasPrefix(r.Django(), "3.2") || strings.HasPrefix(r.Django(), "4.2")
	s, err := signing.NewCookieSigner(signing.CookieConfig{
		Key: r.SecretKey, WriteLegacySalt: old, AcceptLegacySalt: strings.HasPrefix(r.Django(), "5.2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.At(at(r.Time)).Unsign(r.Name, r.salt(), r.CookieValue, 0)
	if r.Kind() == "signed_cookie_legacy" {
		return outcome(r, got, err, signing.ErrBadSignature)
	}
	return differ(s.At(at(r.Time)).Sign(r.Name, r.salt(), r.Value), r.CookieValue, got, r.Back, fmt.Sprint(err), "<nil>")
}

// differ compares pairs of got and want.
func differ(pairs ...string) string {
	var wrong strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			fmt.Fprintf(&wrong, "got %.200q, want %.200q; ", pairs[i], pairs[i+1])
		}
	}
	return wrong.String()
}

// outcome compares a result with the recorded result or error.
func outcome(r *record, got string, err, wantErr error) string {
	if r.Error != nil {
		if !errors.Is(err, wantErr) {
			return fmt.Sprintf("got %q, %v; want the error %s", got, err, r.Error.Type)
		}
		return ""
	}
	return differ(got, r.text(), fmt.Sprint(err), "<nil>")
}

func listed(reason string) string { return "listed: " + reason }

func TestVectors(t *testing.T) {
	agreed := map[string]int{}
	for _, v := range vectors.Load(t, "signing") {
		check := checks[v.Kind()]
		if check == nil {
			t.Errorf("%v: no check for this kind", v)
			continue
		}
		r := &record{Record: v}
		decode(t, v, r)
		switch wrong := check(t, r); {
		case wrong == "":
			agreed[v.Kind()]++
		case strings.HasPrefix(wrong, "listed: "):
			t.Logf("%v does not apply: %s", v, strings.TrimPrefix(wrong, "listed: "))
		default:
			t.Errorf("%v: %s\n%s", v, wrong, v.JSON)
		}
	}
	t.Logf("agreed: %v", agreed)
}

// decode reads the fields, whose names in the file have underscores.
func decode(t *testing.T, v vectors.Record, r *record) {
	t.Helper()
	fields := map[string]json.RawMessage{}
	for name, raw := range v.Fields {
		if name != "max_age" && name != "fallback_keys" {
			name = strings.ReplaceAll(name, "_", "")
		}
		fields[name] = raw
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatalf("%v: %v", v, err)
	}
}
