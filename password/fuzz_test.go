package password

import (
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// FuzzIdentifyAndVerify: whatever stands in the password column, a check does
// not panic, does bounded work, and does not succeed by accident.
func FuzzIdentifyAndVerify(f *testing.F) {
	for _, r := range vectors.Load(f, "passwords") {
		if r.Has("encoded") && !r.IsNull("encoded") && r.Index%5 == 0 {
			encoded, _ := r.Text(f, "encoded")
			f.Add(encoded, "secret")
		}
	}
	f.Add("pbkdf2_sha256$1000000000000$salt$h", "")
	f.Add("argon2$argon2id$v=19$m=4194304,t=1,p=255$c2Vhc2FsdA$aGhoaA", "\x00")
	f.Add("scrypt$3$s$99999999999999999999$1$h", "x")
	s := mustNew(f, Config{
		Hashers: cheap(PBKDF2SHA256{1}), MaxWork: 5 * time.Millisecond, MaxMemory: 4 << 20, Update: Exact,
	})
	f.Fuzz(func(t *testing.T, encoded, raw string) {
		h := Hash(encoded)
		if name := h.Algorithm(); name != "" && !builtin(name) {
			t.Errorf("an algorithm %q of the attacker's", name)
		}
		if shown := h.String(); len(shown) > len("password.Hash(unsalted_sha1)") {
			t.Errorf("shows %q", shown)
		}
		hasher, cost, reason := s.inspect(h)
		if (hasher == nil) == (reason == "") || cost.Work > s.limit.Work || cost.Memory > s.limit.Memory {
			t.Fatalf("inspect: %v, %+v, %q", hasher, cost, reason)
		}
		start := time.Now()
		v, err := s.Check(t.Context(), raw, h)
		if err != nil || v.OK != (v.Reason == "") || v.MustUpdate && !v.OK {
			t.Fatalf("%+v, %v", v, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
		for _, hasher := range s.byName { // also those that it does not belong to
			for _, policy := range []UpdatePolicy{OnlyUp, Exact, Never} {
				if hasher.MustUpdate(h, policy) && policy == Never {
					t.Errorf("%T updates under Never", hasher)
				}
			}
			if cost, err := hasher.Cost(h); err == nil && (cost.Work < 0 || cost.Memory < 0) {
				t.Errorf("%T: %+v", hasher, cost)
			}
		}
		if v.OK && !strings.Contains(encoded, "$") && len(encoded) != 32 {
			t.Errorf("%q opens %q", raw, encoded)
		}
	})
}

// FuzzEncodeVerify: what is encoded verifies, and nothing else does.
func FuzzEncodeVerify(f *testing.F) {
	f.Add("secret", "Secret")
	f.Add("", "\x00")
	f.Add("l\u00e8tmein", "letmein")
	f.Add("\xff\xfe", "\xff")
	hashers := []Hasher{
		PBKDF2SHA256{2}, PBKDF2SHA1{2}, Argon2{Time: 1, Memory: 8, Parallelism: 1}, BCryptSHA256{4}, BCrypt{4}, Scrypt{N: 2, R: 1, P: 1},
	}
	f.Fuzz(func(t *testing.T, raw, other string) {
		for _, hasher := range hashers {
			h, err := hasher.Encode(raw)
			if err != nil {
				if _, plain := hasher.(BCrypt); !plain {
					t.Fatalf("%T: %v", hasher, err)
				}
				continue
			}
			if ok, err := hasher.Verify(raw, h); !ok || err != nil {
				t.Errorf("%T: %q does not verify: %v", hasher, raw, err)
			}
			// HMAC fills keys up with NULs, and bcrypt repeats them after one, so
			// there "" and "\x00" are the same, in Django too.
			nul := strings.Contains(raw+other, "\x00") && hasher.Algorithm() != "argon2" && hasher.Algorithm() != "bcrypt_sha256"
			if ok, _ := hasher.Verify(other, h); ok && other != raw && len(raw) < bcryptBytes && !nul {
				t.Errorf("%T: %q opens the hash of %q", hasher, other, raw)
			}
			if hasher.MustUpdate(h, Exact) || hasher.MustUpdate(h, OnlyUp) {
				t.Errorf("%T: a new hash must be updated", hasher)
			}
		}
	})
}
