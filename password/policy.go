package password

import "fmt"

// UpdatePolicy specifies when a hash that was just verified ought to be replaced by
// one of the preferred hasher.
type UpdatePolicy int

const (
	// OnlyUp replaces a hash only by a stronger one: more iterations, more
	// memory, a longer salt, a stronger algorithm (md5, sha1, unsalted and
	// crypt < pbkdf2_sha1 < pbkdf2_sha256 < bcrypt < bcrypt_sha256 < scrypt <
	// argon2; an algorithm that is none of these always makes way for the
	// preferred one). Programs that share a table and all follow it cannot
	// rewrite each other's hashes in turn. Django itself follows Exact: beside
	// Djangos, set the parameters of the one that asks for the least, or Never.
	OnlyUp UpdatePolicy = iota
	// Exact is Django's rule: every difference to the preferred hasher's
	// parameters counts, also a downward one.
	Exact
	// Never replaces nothing.
	Never
)

var policyNames = [...]string{OnlyUp: "only-up", Exact: "exact", Never: "never"}

// String is "only-up", "exact" or "never".
func (p UpdatePolicy) String() string {
	if p < 0 || int(p) >= len(policyNames) {
		return fmt.Sprintf("UpdatePolicy(%d)", int(p))
	}
	return policyNames[p]
}

// MarshalText writes what String says.
func (p UpdatePolicy) MarshalText() ([]byte, error) {
	if !p.valid() {
		return nil, fmt.Errorf("password: no such update policy: %d", int(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads "only-up", "exact" or "never", for flags and files.
func (p *UpdatePolicy) UnmarshalText(text []byte) error {
	for i, name := range policyNames {
		if name == string(text) {
			*p = UpdatePolicy(i)
			return nil
		}
	}
	return fmt.Errorf("password: update policy %q is none of only-up, exact, never", text)
}

func (p UpdatePolicy) valid() bool { return p >= 0 && int(p) < len(policyNames) }

// ranks orders the algorithms for OnlyUp. The strong ones are ordered by what a
// guess costs an attacker with graphics cards, which is mostly memory.
var ranks = map[string]int{
	"unsalted_md5": 1, "unsalted_sha1": 1, "md5": 1, "sha1": 1, "crypt": 1,
	"pbkdf2_sha1": 2, "pbkdf2_sha256": 3, "bcrypt": 4, "bcrypt_sha256": 5, "scrypt": 6, "argon2": 7,
}

func builtin(algorithm string) bool { return ranks[algorithm] > 0 }

// stronger reports whether OnlyUp goes from one algorithm to another. Of a hasher
// that is not ours nothing is known; there the order of the configuration
// decides, as in Django.
func stronger(preferred, stored string) bool {
	if !builtin(preferred) || !builtin(stored) {
		return true
	}
	return ranks[preferred] > ranks[stored]
}

// dominated reports whether the wanted parameters are at least as strong in
// everything and stronger in something. Unlike a weighing of one against
// another, this cannot hold in both directions.
func dominated(stored, wanted [2]int64) bool {
	return stored != wanted && stored[0] <= wanted[0] && stored[1] <= wanted[1]
}
