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

// meter is a preferred hasher that counts iterations instead of computing them.
type meter struct {
	PBKDF2SHA256
	mu   *sync.Mutex
	done *time.Duration
}

func newMeter(iterations int) meter {
	return meter{PBKDF2SHA256{iterations}, new(sync.Mutex), new(time.Duration)}
}

func (m meter) count(work time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.done += work
}

func (m meter) Encode(string) (Hash, error) {
	m.count(m.kind().perRound * time.Duration(m.Iterations))
	return "", nil
}

func (m meter) Verify(_ string, h Hash) (bool, error) {
	cost, err := m.Cost(h)
	m.count(cost.Work)
	return false, err
}

func (m meter) Harden(_ string, work time.Duration) { m.count(work) }

// TestEqualWork is promise P8: whatever the row holds, a failed check does the
// work of one Make of the preferred hasher.
func TestEqualWork(t *testing.T) {
	const preferred = 1_000_000
	const b64 = "21zAyFj2rC1HQcH5MIrmTfL+vPXCJ7xijwVzprMU6+Q="
	rows := map[string]Hash{
		"none":            "",
		"unusable":        Unusable(),
		"unusable hash":   "!pbkdf2_sha256$1000$salt$" + b64,
		"current":         "pbkdf2_sha256$1000000$aaaaaaaaaaaaaaaaaaaaaa$" + b64,
		"old":             "pbkdf2_sha256$260000$aaaaaaaaaaaaaaaaaaaaaa$" + b64,
		"oldest":          "pbkdf2_sha256$1$aa$" + b64,
		"garbage":         "hunter2",
		"unknown":         "nosuch$1$s$h",
		"not configured":  "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdDAxMjM0NTY3ODlBQkNERUY$9vIOjDF7MyKXJseb5iddHQ",
		"malformed":       "pbkdf2_sha256$abc$s$h",
		"only the name":   "pbkdf2_sha256",
		"empty salt":      "pbkdf2_sha256$1000$$" + b64,
		"too expensive":   "pbkdf2_sha256$1000000000000$salt$" + b64,
		"beyond int64":    "pbkdf2_sha256$99999999999999999999999999$salt$" + b64,
		"md5":             "md5$seasalt0123456789ABCDEF$18e349d40336628dd32b7518624a22cb",
		"sha1":            "sha1$seasalt0123456789ABCDEF$1b2cee4e157f3a13967b1f76ba4ab0a8e3a76dba",
		"malformed md5":   "md5$x",
		"unsalted md5":    "5f4dcc3b5aa765d61d8327deb882cf99",
		"unsalted sha1":   "sha1$$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
		"crypt":           "crypt$$abJnggxhB/yWI",
		"crypt of libc":   "crypt$$$6$abc$def",
		"a megabyte long": Hash("pbkdf2_sha256$" + strings.Repeat("1", 1<<20)),
	}
	want := newMeter(preferred)
	_, _ = want.Encode("")
	for name, row := range rows {
		m := newMeter(preferred)
		s := mustNew(t, Config{Hashers: []Hasher{m, MD5{}, SHA1{}, UnsaltedMD5{}, UnsaltedSHA1{}, Crypt{}}})
		v, err := s.Check(t.Context(), "wrong", row)
		if err != nil || v.OK || v.MustUpdate || v.Reason == "" {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		if *m.done != *want.done {
			t.Errorf("%s: %v of work, want %v", name, *m.done, *want.done)
		}
	}
	m := newMeter(preferred)
	if err := mustNew(t, Config{Hashers: []Hasher{m}}).Dummy(t.Context(), "x"); err != nil || *m.done != *want.done {
		t.Errorf("Dummy: %v of work, %v", *m.done, err)
	}
}

// plainHasher has no Harden.
type plainHasher struct{ meter }

func (plainHasher) Harden() {}

func TestEqualWorkWithoutHarden(t *testing.T) {
	m := newMeter(1000)
	s := mustNew(t, Config{Hashers: []Hasher{plainHasher{m}}})
	for row, want := range map[Hash]int{"": 1000, "pbkdf2_sha256$10$s$h": 1010, "pbkdf2_sha256$990$s$h": 990} {
		*m.done = 0
		if _, err := s.Check(t.Context(), "x", row); err != nil {
			t.Error(err)
		}
		if got := int(*m.done / m.kind().perRound); got != want {
			t.Errorf("%q: %d iterations, want %d", row.Encoded(), got, want)
		}
	}
}

// TestHardenTakesTheTimeThatIsMissing compares by the clock, loosely, the
// hashers that do not count iterations.
func TestHardenTakesTheTimeThatIsMissing(t *testing.T) {
	clock := func(f func()) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			f()
			best = min(best, time.Since(start))
		}
		return best
	}
	for _, h := range []Hasher{
		PBKDF2SHA256{20000},
		PBKDF2SHA1{20000},
		Argon2{Time: 2, Memory: 4096, Parallelism: 1},
		BCryptSHA256{6},
		BCrypt{6},
		Scrypt{N: 1024, R: 8, P: 4},
	} {
		cost, err := h.Cost("")
		if err != nil {
			t.Fatal(err)
		}
		whole := clock(func() { _, _ = h.Encode("secret") })
		all := clock(func() { h.(Hardener).Harden("secret", cost.Work) })
		half := clock(func() { h.(Hardener).Harden("secret", cost.Work/2) })
		none := clock(func() { h.(Hardener).Harden("secret", 0) })
		t.Logf("%s: nominal %v, Encode %v, Harden all %v, half %v", h.Algorithm(), cost.Work, whole, all, half)
		if all < whole/3 || all > 3*whole || half > 2*whole || none > whole/2 {
			t.Errorf("%s: Encode %v, Harden all %v, half %v, none %v", h.Algorithm(), whole, all, half, none)
		}
	}
}

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
		"":              ReasonNone,
		"!":             ReasonUnusable,
		"x":             ReasonUnknown,
	} {
		start := time.Now()
		v, err := s.Check(t.Context(), "secret", stored)
		if err != nil || v.OK || v.Reason != want {
			t.Errorf("%q: %+v, %v; want %s", stored.Encoded(), v, err, want)
		}
		if stuck := want != ReasonNone && want != ReasonUnusable; v.Reason.Stuck() != stuck {
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
