package password

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// cheap hashers, all of them, with parameters that cost nothing.
func cheap(preferred Hasher) []Hasher {
	list := []Hasher{
		preferred,
		PBKDF2SHA256{2},
		PBKDF2SHA1{2},
		Argon2{Time: 1, Memory: 16, Parallelism: 1},
		BCryptSHA256{4},
		BCrypt{4},
		Scrypt{N: 16, R: 1, P: 1},
		MD5{},
		SHA1{},
		UnsaltedMD5{},
		UnsaltedSHA1{},
		Crypt{},
	}
	for i, h := range list[1:] {
		if h.Algorithm() == preferred.Algorithm() {
			return append(list[:i+1:i+1], list[i+2:]...)
		}
	}
	return list
}

func TestMakeAndCheck(t *testing.T) {
	for _, preferred := range cheap(PBKDF2SHA256{2})[:6] {
		t.Run(preferred.Algorithm(), func(t *testing.T) {
			s := mustNew(t, Config{Hashers: cheap(preferred), Update: Exact})
			for _, raw := range []string{"secret", "", " l\u00e8tmein ", "日本語", strings.Repeat("x", 72)} {
				h, err := s.Make(t.Context(), raw)
				if err != nil || h.Algorithm() != preferred.Algorithm() || len(h) > 160 {
					t.Fatalf("Make(%q): %v, %v", raw, h, err)
				}
				again, _ := s.Make(t.Context(), raw)
				if h == again {
					t.Errorf("the same hash twice for %q", raw)
				}
				if v, err := s.Check(t.Context(), raw, h); err != nil || v != (Verdict{OK: true}) {
					t.Errorf("Check(%q): %+v, %v", raw, v, err)
				}
				if v, err := s.Check(t.Context(), "y"+raw, h); err != nil || v != (Verdict{Reason: ReasonMismatch}) {
					t.Errorf("Check(y%q): %+v, %v", raw, v, err)
				}
			}
			if got, ok := s.Identify(mustMake(t, s, "x")); !ok || got != preferred || s.Preferred() != preferred {
				t.Errorf("Identify: %v, %v", got, ok)
			}
		})
	}
}

func mustMake(t testing.TB, s *Hashers, raw string) Hash {
	t.Helper()
	h, err := s.Make(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"empty":           {Hashers: []Hasher{}},
		"nil hasher":      {Hashers: []Hasher{nil}},
		"twice":           {Hashers: []Hasher{MD5{}, PBKDF2SHA256{1}, PBKDF2SHA256{2}}},
		"md5 first":       {Hashers: []Hasher{MD5{}, PBKDF2SHA256{1}}},
		"crypt first":     {Hashers: []Hasher{Crypt{}}},
		"policy":          {Update: 7},
		"workers":         {Workers: -1},
		"wait":            {MaxWait: -1},
		"queue":           {MaxQueue: -1},
		"memory":          {MaxMemory: -1},
		"work":            {MaxWork: -1},
		"iterations":      {Hashers: []Hasher{PBKDF2SHA256{-1}}},
		"iterations sha1": {Hashers: []Hasher{PBKDF2SHA256{}, PBKDF2SHA1{-1}}},
		"rounds":          {Hashers: []Hasher{BCrypt{3}}},
		"rounds 32":       {Hashers: []Hasher{BCryptSHA256{32}}},
		"scrypt N":        {Hashers: []Hasher{Scrypt{N: 3}}},
		"scrypt r":        {Hashers: []Hasher{Scrypt{R: -1}}},
		"argon2 p":        {Hashers: []Hasher{Argon2{Parallelism: 256}}},
		"argon2 m":        {Hashers: []Hasher{Argon2{Memory: 8}}},
		"argon2 t":        {Hashers: []Hasher{Argon2{Time: -1}}},
		"argon2 length":   {Hashers: []Hasher{Argon2{HashLength: 3}}},
		"argon2 negative": {Hashers: []Hasher{Argon2{HashLength: -3}}},
	} {
		s, err := New(c)
		if err == nil || s != nil || !strings.HasPrefix(err.Error(), "password: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := mustNew(t, Config{}); s.gate.workers < 1 || s.gate.maxWait != 5*time.Second || s.limit.Memory != 1<<30 {
		t.Errorf("defaults: %+v", s.limit)
	}
}

// TestBcryptTruncation is HASH-BC: bcrypt reads 72 bytes.
func TestBcryptTruncation(t *testing.T) {
	s := mustNew(t, Config{Hashers: cheap(BCrypt{4})})
	long := strings.Repeat("a", 72)
	h := mustMake(t, s, long)
	for _, extra := range []string{"", "b", strings.Repeat("c", 128)} {
		if v, err := s.Check(t.Context(), long+extra, h); err != nil || !v.OK || v.MustUpdate {
			t.Errorf("%d bytes more: %+v, %v", len(extra), v, err)
		}
	}
	if v, _ := s.Check(t.Context(), long[1:], h); v.OK {
		t.Error("71 bytes are 72")
	}
	if _, err := s.Make(t.Context(), long+"b"); !errors.Is(err, ErrTooLong) {
		t.Errorf("73 bytes: %v", err)
	}
	if _, err := s.Make(t.Context(), "a\x00b"); !errors.Is(err, ErrNUL) {
		t.Errorf("NUL: %v", err)
	}
	// Where the preferred hasher cannot take the password, its hash stays.
	old := mustMake(t, mustNew(t, Config{Hashers: []Hasher{PBKDF2SHA256{1}}}), long+"b")
	if v, err := s.Check(t.Context(), long+"b", old); err != nil || !v.OK || v.MustUpdate {
		t.Errorf("old hash of a long password: %+v, %v", v, err)
	}
	if err := s.Dummy(t.Context(), long+"b"); err != nil {
		t.Errorf("Dummy: %v", err)
	}
	s = mustNew(t, Config{Hashers: cheap(BCryptSHA256{4})})
	h = mustMake(t, s, long+"\x00b")
	if v, _ := s.Check(t.Context(), long, h); v.OK {
		t.Error("bcrypt_sha256 truncates")
	}
}

func TestMegabytePassword(t *testing.T) { // CVE-2013-1443
	s := mustNew(t, Config{Hashers: cheap(PBKDF2SHA256{10000})})
	h := mustMake(t, s, "short")
	start := time.Now()
	if v, err := s.Check(t.Context(), strings.Repeat("x", 1<<20), h); err != nil || v.OK {
		t.Errorf("%+v, %v", v, err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v: every iteration read the megabyte", took)
	}
}

type brokenHasher struct{ PBKDF2SHA256 }

var errBroken = errors.New("no such hash in this mode")

func (brokenHasher) Verify(string, Hash) (bool, error) { return false, errBroken }

func TestCheckReportsWhatItCouldNotFindOut(t *testing.T) {
	s := mustNew(t, Config{Hashers: []Hasher{brokenHasher{PBKDF2SHA256{1}}}})
	v, err := s.Check(t.Context(), "x", "pbkdf2_sha256$1$salt$h")
	if !errors.Is(err, errBroken) || v != (Verdict{}) {
		t.Errorf("%+v, %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Make(ctx, "x"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrBusy) {
		t.Errorf("Make: %v", err)
	}
	if v, err := s.Check(ctx, "x", ""); !errors.Is(err, context.Canceled) || v != (Verdict{}) {
		t.Errorf("Check: %+v, %v", v, err)
	}
}

type panicHasher struct{ PBKDF2SHA256 }

func (panicHasher) Encode(string) (Hash, error) { panic("boom") }

func TestPanicGivesTheTurnBack(t *testing.T) {
	s := mustNew(t, Config{Hashers: []Hasher{panicHasher{PBKDF2SHA256{1}}}, Workers: 1})
	for range 3 {
		func() {
			defer func() { _ = recover() }()
			_, _ = s.Make(t.Context(), "x")
		}()
	}
	if err := s.Dummy(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}

func TestConcurrentChecks(t *testing.T) {
	s := mustNew(t, Config{Hashers: cheap(PBKDF2SHA256{10}), Workers: 2, MaxWait: time.Minute, MaxQueue: 1000})
	h := mustMake(t, s, "secret")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			raw := "secret"
			if i%2 == 1 {
				raw = fmt.Sprint(i)
			}
			if v, err := s.Check(t.Context(), raw, h); err != nil || v.OK != (raw == "secret") {
				t.Errorf("%q: %+v, %v", raw, v, err)
			}
		})
	}
	wg.Wait()
}
