package password

import (
	"strings"
	"sync"
	"testing"
	"time"
)

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
