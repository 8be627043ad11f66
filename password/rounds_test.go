package password

import "testing"

// TestRounds: the work factor of a hash is told, and nothing else of it.
func TestRounds(t *testing.T) {
	for hash, want := range map[Hash]string{
		"pbkdf2_sha256$1500000$salt$hash":                     "1500000",
		"pbkdf2_sha1$20$salt$hash":                            "20",
		"scrypt$16384$salt$8$5$hash":                          "16384",
		"bcrypt_sha256$$2b$12$abcdefghijklmnopqrstuv":         "12",
		"bcrypt$$2b$04$abcdefghijklmnopqrstuv":                "04",
		"argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA": "m=102400,t=2,p=8",
		"argon2$argon2i$m=8,t=1,p=1$c2FsdA$aGFzaA":            "m=8,t=1,p=1",
		"md5$salt$hash":                                       "",
		"pbkdf2_sha256$canary$salt$hash":                      "",
		"pbkdf2_sha256$1234":                                  "",
		"bcrypt$canary":                                       "",
		"argon2$canary$canary$canary$canary":                  "",
		"":                                                    "",
		"!1500000$5$5":                                        "",
		"correct horse battery":                               "",
		"other$1$2$3":                                         "",
	} {
		if got := hash.Rounds(); got != want {
			t.Errorf("%q: %q, want %q", hash.Encoded(), got, want)
		}
	}
	for _, hasher := range cheap(PBKDF2SHA256{Iterations: 2}) {
		if _, weak := hasher.(verifyOnly); weak {
			continue
		}
		if hash, err := hasher.Encode("x"); err != nil || hash.Rounds() == "" && hash.Algorithm() != "md5" && hash.Algorithm() != "sha1" {
			t.Errorf("%s: %v, %q", hasher.Algorithm(), err, hash.Rounds())
		}
	}
}
