package password

import (
	"testing"
	"time"
)

func TestStoredParametersAreBounded(t *testing.T) {
	s := mustNew(t, Config{Hashers: cheap(PBKDF2SHA256{1})})
	const salt, hash = "c2Vhc2FsdDAxMjM0NTY3ODlBQkNERUY", "9vIOjDF7MyKXJseb5iddHQ"
	const bcrypted = "abcdefghijklmnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u"
	for stored, want := range map[Hash]Reason{
		"pbkdf2_sha256$1000000000000$salt$h":                                         ReasonRefused,
		"pbkdf2_sha1$1000000000000$salt$h":                                           ReasonRefused,
		"pbkdf2_sha256$9223372036854775808$salt$h":                                   ReasonRefused,
		"argon2$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + hash:                ReasonRefused,
		"argon2$argon2id$v=19$m=4294967295,t=4294967295,p=1$" + salt + "$" + hash:    ReasonRefused,
		"argon2$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + hash:            ReasonRefused,
		"argon2$argon2id$v=19$m=64,t=4294967296,p=1$" + salt + "$" + hash:            ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + hash:                     ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + hash:                     ReasonMalformed,
		"argon2$argon2id$v=19$m=7,t=1,p=1$" + salt + "$" + hash:                      ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=256$" + salt + "$" + hash:                   ReasonUnsupported,
		"argon2$argon2d$v=19$m=64,t=1,p=1$" + salt + "$" + hash:                      ReasonUnsupported,
		"argon2$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + hash:                     ReasonUnsupported,
		"argon2$argon2id$m=64,t=1,p=1$" + salt + "$" + hash:                          ReasonUnsupported,
		"argon2$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + hash:                     ReasonMalformed,
		"argon2$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + hash:                    ReasonMalformed,
		"argon2$argon2x$v=19$m=64,t=1,p=1$" + salt + "$" + hash:                      ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + hash + "=":               ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=1$" + salt + "\n$" + hash:                   ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=1$c2E$" + hash:                              ReasonMalformed,
		"argon2$argon2id$v=19$m=64,t=1,p=1$$":                                        ReasonMalformed,
		"argon2":                                                                     ReasonMalformed,
		"scrypt$3$salt$8$1$h":                                                        ReasonMalformed,
		"scrypt$0$salt$8$1$h":                                                        ReasonMalformed,
		"scrypt$1$salt$8$1$h":                                                        ReasonMalformed,
		"scrypt$16$salt$0$1$h":                                                       ReasonMalformed,
		"scrypt$16$salt$8$0$h":                                                       ReasonMalformed,
		"scrypt$16$salt$32768$32768$h":                                               ReasonMalformed,
		"scrypt$16$salt$8$1$h$":                                                      ReasonMalformed,
		"scrypt$1152921504606846976$salt$8$1$h":                                      ReasonRefused,
		"scrypt$16777216$salt$8$1$h":                                                 ReasonRefused,
		"scrypt$2$salt$1$1000000000$h":                                               ReasonRefused,
		"scrypt$16$salt$1000000000$1$h":                                              ReasonRefused,
		"bcrypt$$2b$31$" + bcrypted:                                                  ReasonRefused,
		"bcrypt_sha256$$2b$31$" + bcrypted:                                           ReasonRefused,
		"bcrypt_sha256$$2b$32$" + bcrypted:                                           ReasonMalformed,
		"bcrypt_sha256$$2b$03$" + bcrypted:                                           ReasonMalformed,
		"bcrypt_sha256$$2b$-4$" + bcrypted:                                           ReasonMalformed,
		"bcrypt_sha256$$2x$04$" + bcrypted:                                           ReasonMalformed,
		"bcrypt_sha256$$2$04$" + bcrypted + "a":                                      ReasonMalformed,
		"bcrypt_sha256$$2b$04$" + bcrypted + "\n":                                    ReasonMalformed,
		Hash("bcrypt_sha256$$2b$04$" + bcrypted[:52]):                                ReasonMalformed,
		"bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuvraR8y8jUb0UMmCc9fwl/YxKZSpSs52u": ReasonMalformed,
		"bcrypt_sha256$$2b$04$abcdefghijk!mnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u": ReasonMalformed,
		"bcrypt_sha256": ReasonMalformed,
		"":              ReasonUnusable,
		"!":             ReasonUnusable,
		"x":             ReasonUnknown,
	} {
		start := time.Now()
		v, err := s.Check(t.Context(), "secret", stored)
		if err != nil || v.OK || v.Reason != want {
			t.Errorf("%q: %+v, %v; want %s", stored.Encoded(), v, err, want)
		}
		if look := s.Look(stored); look.OK || look.MustUpdate || look.Reason != want {
			t.Errorf("%q: Look says %+v, want %s", stored.Encoded(), look, want)
		}
		if stuck := want != ReasonUnusable; v.Reason.Stuck() != stuck {
			t.Errorf("%q: Stuck is %v", stored.Encoded(), v.Reason.Stuck())
		}
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("%q: took %v", stored.Encoded(), took)
		}
	}
}

func TestLimitsGrowWithTheConfiguration(t *testing.T) {
	s := mustNew(t, Config{Hashers: []Hasher{PBKDF2SHA256{1}, Argon2{Memory: 2 << 20}, BCryptSHA256{20}}})
	for stored, want := range map[Hash]Reason{
		"bcrypt_sha256$$2b$20$abcdefghijklmnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u":                    "",
		"bcrypt_sha256$$2b$21$abcdefghijklmnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u":                    ReasonRefused,
		"argon2$argon2id$v=19$m=2097152,t=2,p=8$c2Vhc2FsdDAxMjM0NTY3ODlBQkNERUY$9vIOjDF7MyKXJseb5iddHQ": "",
		"argon2$argon2id$v=19$m=2097153,t=2,p=8$c2Vhc2FsdDAxMjM0NTY3ODlBQkNERUY$9vIOjDF7MyKXJseb5iddHQ": ReasonRefused,
	} {
		if _, _, reason := s.inspect(stored); reason != want {
			t.Errorf("%q: %q, want %q", stored.Encoded(), reason, want)
		}
	}
}
