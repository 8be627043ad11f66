package password

import "testing"

func TestUpdatePolicies(t *testing.T) {
	const len16, len32 = "aGhoaGhoaGhoaGhoaGhoaA", "aGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGg"
	argon := func(variant, params, hash string) Hash {
		return Hash("argon2$" + variant + "$v=19$" + params + "$c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzcw$" + hash)
	}
	const salt = "ssssssssssssssssssssss"
	for _, c := range []struct {
		name          string
		hasher        Hasher
		stored        Hash
		onlyUp, exact bool
	}{
		{"same", PBKDF2SHA256{1000}, "pbkdf2_sha256$1000$" + salt + "$h", false, false},
		{"fewer", PBKDF2SHA256{1000}, "pbkdf2_sha256$999$" + salt + "$h", true, true},
		{"more", PBKDF2SHA256{1000}, "pbkdf2_sha256$1001$" + salt + "$h", false, true},
		{"short salt", PBKDF2SHA256{1000}, "pbkdf2_sha256$1001$s$h", true, true},
		{"umlauts", PBKDF2SHA256{1000}, "pbkdf2_sha256$1000$sssssssssssssssssssssé$h", false, false},
		{"sha1 fewer", PBKDF2SHA1{1000}, "pbkdf2_sha1$999$" + salt + "$h", true, true},
		{"bcrypt more", BCrypt{5}, "bcrypt$$2b$06$abcdefghijklmnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u", false, true},
		{"bcrypt fewer", BCrypt{5}, "bcrypt$$2b$04$abcdefghijklmnopqrstuuraR8y8jUb0UMmCc9fwl/YxKZSpSs52u", true, true},
		{"scrypt same", Scrypt{}, "scrypt$16384$" + salt + "$8$5$h", false, false},
		{"scrypt of 5.0", Scrypt{}, "scrypt$16384$" + salt + "$8$1$h", true, true},
		{"scrypt beside 5.0", Scrypt{P: 1}, "scrypt$16384$" + salt + "$8$5$h", false, true},
		{"scrypt memory for time", Scrypt{}, "scrypt$131072$" + salt + "$8$1$h", false, true},
		{"scrypt time for memory", Scrypt{N: 1 << 17, P: 1}, "scrypt$16384$" + salt + "$8$16$h", false, true},
		{"scrypt short salt", Scrypt{}, "scrypt$16384$s$8$5$h", true, false}, // Django does not look at it
		{"argon2 same", Argon2{}, argon("argon2id", "m=102400,t=2,p=8", len32), false, false},
		{"argon2 of Debian", Argon2{}, argon("argon2id", "m=102400,t=2,p=8", len16), false, true},
		{"argon2 beside Debian", Argon2{HashLength: 16}, argon("argon2id", "m=102400,t=2,p=8", len32), false, true},
		{"argon2 tiny hash", Argon2{}, argon("argon2id", "m=102400,t=2,p=8", "aGhoaGho"), true, true},
		{"argon2i", Argon2{}, argon("argon2i", "m=102400,t=2,p=8", len32), true, true},
		{"argon2 less memory", Argon2{}, argon("argon2id", "m=65536,t=2,p=8", len32), true, true},
		{"argon2 less memory, more time", Argon2{}, argon("argon2id", "m=65536,t=9,p=8", len32), false, true},
		{"argon2 less time, more memory", Argon2{}, argon("argon2id", "m=2097152,t=1,p=4", len32), false, true},
		{"argon2 lanes", Argon2{}, argon("argon2id", "m=102400,t=2,p=1", len32), false, true},
		{"md5 short salt", MD5{}, "md5$s$h", true, true},
		{"md5", MD5{}, "md5$" + salt + "$h", false, false},
		{"unsalted", UnsaltedMD5{}, "5f4dcc3b5aa765d61d8327deb882cf99", true, true},
		{"malformed", PBKDF2SHA256{1000}, "pbkdf2_sha256$x", true, true},
		{"malformed scrypt", Scrypt{}, "scrypt$x", true, true},
		{"malformed argon2", Argon2{}, "argon2$x", true, true},
		{"malformed bcrypt", BCrypt{}, "bcrypt$x", true, true},
	} {
		for policy, want := range map[UpdatePolicy]bool{OnlyUp: c.onlyUp, Exact: c.exact, Never: false} {
			if got := c.hasher.MustUpdate(c.stored, policy); got != want {
				t.Errorf("%s, %v: %v", c.name, policy, got)
			}
		}
	}
}

type customHasher struct{ PBKDF2SHA256 }

func (customHasher) Algorithm() string { return "custom" }

func TestUpdateBetweenAlgorithms(t *testing.T) {
	// Each row: what is preferred, what is stored, what OnlyUp and Exact say.
	for _, c := range []struct {
		preferred     Hasher
		stored        string
		onlyUp, exact bool
	}{
		{PBKDF2SHA256{2}, "argon2", false, true},
		{PBKDF2SHA256{2}, "scrypt", false, true},
		{PBKDF2SHA256{2}, "bcrypt", false, true},
		{PBKDF2SHA256{2}, "pbkdf2_sha1", true, true},
		{PBKDF2SHA256{2}, "md5", true, true},
		{PBKDF2SHA1{2}, "pbkdf2_sha256", false, true},
		{Argon2{Memory: 16, Parallelism: 1, Time: 1}, "pbkdf2_sha256", true, true},
		{Argon2{Memory: 16, Parallelism: 1, Time: 1}, "scrypt", true, true},
		{BCryptSHA256{4}, "bcrypt", true, true},
		{customHasher{}, "argon2", true, true},
	} {
		for policy, want := range map[UpdatePolicy]bool{OnlyUp: c.onlyUp, Exact: c.exact, Never: false} {
			s := mustNew(t, Config{Hashers: cheap(c.preferred), Update: policy})
			if got := s.mustUpdate(s.byName[c.stored], ""); got != want {
				t.Errorf("%s over %s, %v: %v", c.preferred.Algorithm(), c.stored, policy, got)
			}
		}
	}
}

// TestNoPingPong is promise P18: programs that follow OnlyUp, with whatever
// parameters, never rewrite a hash in a circle.
func TestNoPingPong(t *testing.T) {
	var programs []*Hashers
	for _, preferred := range []Hasher{
		PBKDF2SHA256{1},
		PBKDF2SHA256{3},
		PBKDF2SHA1{9},
		BCrypt{4},
		BCrypt{5},
		BCryptSHA256{4},
		Scrypt{N: 16, R: 1, P: 1},
		Scrypt{N: 16, R: 1, P: 4},
		Scrypt{N: 32, R: 1, P: 1},
		Argon2{1, 16, 1, 32},
		Argon2{1, 16, 2, 16},
		Argon2{4, 8, 1, 32},
		Argon2{1, 64, 1, 16},
	} {
		programs = append(programs, mustNew(t, Config{Hashers: cheap(preferred)}))
	}
	for _, first := range programs {
		h := mustMake(t, first, "secret")
		writes := 0
		for range 5 {
			for _, p := range programs {
				v, err := p.Check(t.Context(), "secret", h)
				if err != nil || !v.OK {
					t.Fatalf("%s: %+v, %v", h.Encoded(), v, err)
				}
				if v.MustUpdate {
					h = mustMake(t, p, "secret")
					writes++
				}
			}
		}
		if writes > len(programs) {
			t.Errorf("from %v: %d writes", first.Preferred(), writes)
		}
		for _, p := range programs {
			if v, _ := p.Check(t.Context(), "secret", h); v.MustUpdate {
				t.Errorf("%v still rewrites %s", p.Preferred(), h.Encoded())
			}
		}
	}
}

func TestPolicyText(t *testing.T) {
	for _, p := range []UpdatePolicy{OnlyUp, Exact, Never} {
		text, err := p.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		again := UpdatePolicy(9)
		if err := again.UnmarshalText(text); err != nil || again != p {
			t.Errorf("%s: %v, %v", text, again, err)
		}
	}
	var p UpdatePolicy
	if err := p.UnmarshalText([]byte("up")); err == nil {
		t.Error("up is a policy")
	}
	if _, err := UpdatePolicy(-1).MarshalText(); err == nil || UpdatePolicy(-1).String() != "UpdatePolicy(-1)" {
		t.Error("-1 is a policy")
	}
}
