package auth_test

import (
	"crypto/md5"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/password"
)

// meter is PBKDF2 that counts its rounds. Cost returns the nominal time of a round.
type meter struct {
	password.PBKDF2SHA256
	rounds *atomic.Int64
}

func (m meter) count(h password.Hash) {
	n := m.Iterations
	if parts := strings.Split(h.Encoded(), "$"); h != "" {
		n, _ = strconv.Atoi(parts[1])
	}
	m.rounds.Add(int64(n))
}

func (m meter) Encode(raw string) (password.Hash, error) {
	m.count("")
	return m.PBKDF2SHA256.Encode(raw)
}

func (m meter) Verify(raw string, h password.Hash) (bool, error) {
	m.count(h)
	return m.PBKDF2SHA256.Verify(raw, h)
}

func (m meter) Harden(raw string, work time.Duration) {
	one, err := password.PBKDF2SHA256{Iterations: 1}.Cost("")
	if err != nil {
		panic(err)
	}
	m.rounds.Add(int64(work / one.Work))
	m.PBKDF2SHA256.Harden(raw, work)
}

const meterRounds = 1000

func newMeter(t *testing.T, changes ...func(*auth.Config)) (*rig, *atomic.Int64) {
	rounds := &atomic.Int64{}
	return newRig(t, append(changes, func(c *auth.Config) {
		var err error
		c.Passwords, err = password.New(password.Config{Hashers: []password.Hasher{
			meter{password.PBKDF2SHA256{Iterations: meterRounds}, rounds}, password.MD5{},
		}})
		if err != nil {
			t.Fatal(err)
		}
	})...), rounds
}

// TestEveryRefusalCostsTheSame counts the rounds of the key derivation, whatever
// is the matter with the account (CVE-2016-2513, CVE-2024-39329).
func TestEveryRefusalCostsTheSame(t *testing.T) {
	r, rounds := newMeter(t)
	old, err := password.PBKDF2SHA256{Iterations: 3}.Encode("secret")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := r.Passwords().Make(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	salted := password.Hash(fmt.Sprintf("md5$salt$%x", md5.Sum([]byte("saltsecret"))))
	for name, hash := range map[string]password.Hash{
		"fresh": fresh, "old": old, "md5": salted, "unusable": password.Unusable(), "garbage": "garbage", "empty": "",
		"foreign": "bcrypt$$2b$12$abcdefghijklmnopqrstuv", "malformed": "pbkdf2_sha256$x$y$z", "cut": fresh[:len(fresh)-4],
	} {
		for _, inactive := range []bool{false, true} {
			u := &auth.User{Username: name, Password: hash, IsActive: !inactive}
			if inactive {
				u.Username += "-inactive"
			}
			if err := r.db.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
	}
	type attempt struct{ name, password string }
	attempts := []attempt{{"nobody", "secret"}, {"nobody", ""}, {"", ""}, {"nul\x00", "secret"}, {strings.Repeat("x", 5000), "secret"}}
	for _, name := range []string{"fresh", "old", "md5", "unusable", "garbage", "empty", "foreign", "malformed", "cut"} {
		attempts = append(attempts, attempt{name, "wrong"}, attempt{name, ""}, attempt{name + "-inactive", "wrong"}, attempt{name + "-inactive", "secret"})
	}
	for _, a := range attempts {
		rounds.Store(0)
		if _, err := r.authenticate(a.name, a.password); !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%.30q: %v", a.name, err)
		}
		if n := rounds.Load(); n != meterRounds {
			t.Errorf("%.30q with %q took %d rounds; all others take %d", a.name, a.password, n, meterRounds)
		}
	}
	rounds.Store(0)
	if _, err := r.authenticate("fresh", "secret"); err != nil || rounds.Load() != meterRounds {
		t.Errorf("the right password: %v after %d rounds", err, rounds.Load())
	}
}
