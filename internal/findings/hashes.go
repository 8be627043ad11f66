package findings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/password"
)

const (
	pbkdf2SHA256 = "pbkdf2_sha256"
	enoughRounds = 600_000 // of PBKDF2-SHA256, what OWASP asks for and Django 4.2 has
)

// SlowLogin is how much hash work of a login is no finding.
const SlowLogin = time.Second

// fast are the algorithms that are computed a billion times a second.
var fast = []string{"md5", "sha1", "unsalted_md5", "unsalted_sha1", "crypt"}

// djangos are the versions of Django with a work factor of their own.
var djangos = []string{"3.2", "4.0", "4.1", "4.2", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2"}

// django returns the version of Django whose default the hashes are, or "".
func (h Hashes) django() string {
	for _, version := range djangos {
		n, _ := password.DjangoIterations(version)
		if h.Algorithm == pbkdf2SHA256 && h.Rounds == strconv.Itoa(n) {
			return version
		}
	}
	return ""
}

// hashRules are about stored passwords.
var hashRules = []diagnosis[Database]{
	{"coatcheck.W028", func(_ *Settings, d *Database) (string, string) {
		n, names := d.count(func(h Hashes) bool { return slices.Contains(fast, h.Algorithm) })
		if n == 0 {
			return "", ""
		}
		return fmt.Sprintf("Hashes of %s are guessed at full speed (%s). A login rewrites one if its "+
			"algorithm is read.",
			plural(n, "user"), names), "coatcheck deactivate NAME # of accounts that nobody uses"
	}},
	{"coatcheck.W029", func(s *Settings, d *Database) (string, string) {
		n, names := d.count(func(h Hashes) bool {
			rounds, err := strconv.Atoi(h.Rounds)
			return h.Algorithm == pbkdf2SHA256 && err == nil && rounds < enoughRounds
		})
		if n == 0 {
			return "", ""
		}
		text := fmt.Sprintf("Hashes of %s have fewer than %d iterations (%s), so old that they cost "+
			"an "+
			"attacker little.",
			plural(n, "user"), enoughRounds, names)
		if s.PasswordUpdate == password.Never.String() {
			return text, "--password-update only-up # a login then rewrites them"
		}
		return text, "coatcheck deactivate NAME # of accounts that nobody uses; a login rewrites " +
			"the others"
	}},
	{"coatcheck.W030", func(_ *Settings, d *Database) (string, string) {
		n, names := d.count(func(h Hashes) bool { return h.Stuck != "" })
		if n == 0 {
			return "", ""
		}
		remedy := "coatcheck changepassword NAME"
		for _, h := range d.Hashes {
			if h.Stuck == string(password.ReasonUnknown) && h.Algorithm != "" {
				remedy = "--accept-hasher " + h.Algorithm
			}
		}
		return fmt.Sprintf("No password can be compared with the hashes of %s (%s), who cannot log in.",
			plural(n, "user"), names), remedy
	}},
	{"coatcheck.W031", mixed},
	{"coatcheck.W032", func(s *Settings, d *Database) (string, string) {
		usual := s.PasswordHasher == pbkdf2SHA256 && s.PasswordIterations <= s.DefaultIterations
		if usual || d.LoginTime <= SlowLogin { // less than the usual work is what W004 warns of
			return "", ""
		}
		remedy := fmt.Sprintf("--password-iterations %d # or the costs of the --password-hasher",
			s.DefaultIterations)
		return fmt.Sprintf("A login costs %d ms of hash work on this machine, and anyone who sends "+
			"wrong passwords costs it as much.", d.LoginTime.Milliseconds()), remedy
	}},
}

// mixed finds a Django that writes hashes of another work factor, which each login rewrites.
func mixed(s *Settings, d *Database) (string, string) {
	if d.MadeHere || s.PasswordHasher != pbkdf2SHA256 {
		return "", ""
	}
	all, most, count := 0, 0, 0
	for iterations, n := range d.Recent {
		all += n
		if iterations != s.PasswordIterations && (n > count || n == count && iterations > most) {
			most, count = iterations, n
		}
	}
	if count == 0 || count*5 < all { // fewer than a fifth are what is left of old
		return "", ""
	}
	name := ""
	if version := (Hashes{Algorithm: pbkdf2SHA256, Rounds: strconv.Itoa(most)}).django(); version != "" {
		name = ", as Django " + version + " writes them"
	}
	return fmt.Sprintf("Of the last %d users to log in, %d have hashes of %d iterations%s, and "+
			"--password-iterations "+
			"is %d: where both sites sign users in, each login rewrites the hash of the other, "+
			"which signs "+
			"the user out "+
			"elsewhere.", all, count, most, name, s.PasswordIterations),
		"--password-iterations " + strconv.Itoa(most)
}

// count counts users by their hashes, and names the kinds.
func (d *Database) count(of func(Hashes) bool) (n int, names string) {
	var kinds []string
	for _, h := range d.Hashes {
		if !of(h) {
			continue
		}
		n += h.Count
		kinds = append(kinds, h.label())
	}
	return n, strings.Join(kinds, ", ")
}
