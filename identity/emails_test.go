package identity

import (
	"errors"
	"net/mail"
	"strings"
	"testing"
)

func TestValidEmail(t *testing.T) {
	long := strings.Repeat("a", 63)
	for email, want := range map[string]bool{
		"a@b.co":                            true,
		"a@b@c.com":                         false,
		`"a@b"@c.com`:                       true,
		`"\""@c.com`:                        true,
		`"\"@c.com`:                         false,
		`"a b"@c.com`:                       false,
		`"a\ b"@c.com`:                      true,
		"\"\x7f\"@c.com":                    true,
		"\"\x00\"@c.com":                    false,
		`""@c.com`:                          true,
		`"@c.com`:                           false,
		"a@LOCALHOST":                       false,
		"a@b.c0m":                           false,
		"a@b.xn--0":                         true,
		"a@b.XN--" + long[:59]:              true,
		"a@b.xn--" + long[:59] + "0":        false,
		"a@" + long + ".com":                true,
		"a@" + long + "a.com":               false,
		"a@b." + strings.Repeat("é", 63):    true,
		"a@b." + strings.Repeat("é", 64):    false,
		"a@b.-com":                          false,
		"a@b..com":                          false,
		"a@😀.com":                           false,
		"a@\u00a0.com":                      false,
		"a@[1.2.3.4":                        false,
		"a@[01.2.3.4]":                      false,
		"a@[::1%eth0]":                      false,
		"a@[0:0:0:0:0:ffff:1.2.3.4]":        true,
		"a@[::1]\n":                         false,
		"\u212a@b.com":                      true, // Django takes the sign of Kelvin for a k
		"a@\xff.com":                        false,
		strings.Repeat("a", 314) + "@b.com": true,
		strings.Repeat("a", 315) + "@b.com": false,
	} {
		if got := ValidEmail(email); got != want {
			t.Errorf("ValidEmail(%+.80q) = %v", email, got)
		}
	}
}

func TestCleanEmail(t *testing.T) {
	for raw, want := range map[string]string{
		"":                "",
		" \t":             "",
		" A@Ex.COM\n":     "A@ex.com",
		`"B@c"@D.COM`:     `"B@c"@d.com`,
		"a@\u0130x.COM":   "a@i\u0307x.com",
		"a@[2001:DB8::1]": "a@[2001:db8::1]",
	} {
		if got, err := CleanEmail(raw); err != nil || got != want {
			t.Errorf("CleanEmail(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]*FieldError{
		"a":                     ErrInvalidEmail,
		"a@b.com\x00":           ErrNUL,
		"a@b.com\r\nBcc: x@y.z": ErrInvalidEmail,
	} {
		if _, err := CleanEmail(raw); !errors.Is(err, want) {
			t.Errorf("CleanEmail(%q): %v, want %v", raw, err, want)
		}
	}
	_, err := CleanEmail(strings.Repeat("a", 249) + "@b.com")
	if err == nil || err.Error() != "Ensure this value has at most 254 characters (it has 255)." {
		t.Errorf("an address of 255 characters: %v", err)
	}
}

// FuzzEmail: what is valid can stand in the header of an email, has one domain,
// and stays as it is when it is cleaned again.
func FuzzEmail(f *testing.F) {
	for _, seed := range []string{
		"a@b.com", `"a\"@x"@b.com`, "a@[::1]", "a@b.xn--0", "é@b.com", "a@é.com", "a@localhost", "a@b\u2024com", "@", "\xff@b.com",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if ValidEmail(raw) {
			if strings.ContainsAny(raw, "\x00\r\n") || len(raw) > 4*MaxEmail {
				t.Errorf("%+q is valid", raw)
			}
			if domain := raw[strings.LastIndexByte(raw, '@')+1:]; domain == "" || strings.ContainsAny(domain, " <>,;\"\\/") {
				t.Errorf("%+q is valid", raw)
			}
			if parsed, err := mail.ParseAddress("<" + raw + ">"); err == nil && strings.Count(raw, "@") == 1 && !strings.Contains(raw, `"`) && parsed.Address != raw {
				t.Errorf("net/mail reads %+q as %+q", raw, parsed.Address)
			}
		}
		email, err := CleanEmail(raw)
		if err != nil || email == "" {
			return
		}
		if again, err := CleanEmail(email); err == nil && again != email {
			t.Errorf("%+q is cleaned to %+q, and this to %+q", raw, email, again)
		}
		if NormalizeEmail(email) != email {
			t.Errorf("%+q is normalized to %+q", email, NormalizeEmail(email))
		}
	})
}
