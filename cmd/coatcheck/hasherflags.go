package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/coatcheck/coatcheck/password"
)

// hasherFlags are Django's PASSWORD_HASHERS: the algorithm of new hashes, what
// each algorithm costs, and which old ones are read.
type hasherFlags struct {
	Algorithm  string                `group:"passwords" name:"password-hasher" enum:"pbkdf2_sha256,pbkdf2_sha1,argon2,bcrypt_sha256,bcrypt,scrypt" default:"pbkdf2_sha256" help:"Algorithm of new hashes: ${enum}. All of them are read, bcrypt only with --accept-hasher."`
	Accept     []string              `group:"passwords" name:"accept-hasher" enum:"bcrypt,md5,sha1,unsalted_md5,unsalted_sha1,crypt" placeholder:"ALGORITHM" help:"Read stored hashes of this algorithm too, which is not in Django's default list: ${enum}; may be repeated."`
	Iterations int                   `group:"passwords" name:"password-iterations" default:"${iterations}" help:"PBKDF2 iterations of new hashes (Django 6.1: 1500000, 5.2: 1000000, 4.2: 600000)."`
	Update     password.UpdatePolicy `group:"passwords" name:"password-update" default:"only-up" help:"When a login replaces the stored hash: only-up, exact (Django's rule) or never."`

	Argon2Time        int `group:"passwords" name:"argon2-time-cost" default:"2" help:"Passes of new argon2 hashes (time_cost)."`
	Argon2Memory      int `group:"passwords" name:"argon2-memory-cost" default:"102400" help:"Their memory in KiB (memory_cost)."`
	Argon2Parallelism int `group:"passwords" name:"argon2-parallelism" default:"8" help:"Their lanes (parallelism)."`
	Argon2HashLength  int `group:"passwords" name:"argon2-hash-length" default:"32" help:"Their length in bytes; 16 beside a Python whose argon2-cffi is older than 21.2, Debian's 12 and 13 for instance."`
	BCryptRounds      int `group:"passwords" name:"bcrypt-rounds" default:"12" help:"Rounds of new bcrypt_sha256 and bcrypt hashes, 4 to 31 (rounds)."`
	ScryptWorkFactor  int `group:"passwords" name:"scrypt-work-factor" default:"16384" help:"N of new scrypt hashes, a power of two (work_factor)."`
	ScryptBlockSize   int `group:"passwords" name:"scrypt-block-size" default:"8" help:"Their r (block_size)."`
	ScryptParallelism int `group:"passwords" name:"scrypt-parallelism" default:"5" help:"Their p; 1 beside Django 4.0 to 5.0 (parallelism)."`
}

// config lists the hashers, the one of new hashes first.
func (f *hasherFlags) config() (password.Config, error) {
	if err := f.check(); err != nil {
		return password.Config{}, err
	}
	hashers := f.hashers()
	for _, name := range f.Accept {
		if !slices.ContainsFunc(hashers, func(h password.Hasher) bool { return h.Algorithm() == name }) {
			hashers = append(hashers, f.old(name))
		}
	}
	slices.SortStableFunc(hashers, func(a, b password.Hasher) int {
		return f.rank(a) - f.rank(b)
	})
	if _, err := password.New(password.Config{Hashers: hashers}); err != nil {
		return password.Config{}, usageError{fmt.Errorf("an --argon2-, --bcrypt- or --scrypt- flag "+
			"cannot be: %w", errors.Unwrap(err))}
	}
	return password.Config{Hashers: hashers, Update: f.Update}, nil
}

// rank puts the algorithm of new hashes first and leaves the others as they are.
func (f *hasherFlags) rank(h password.Hasher) int {
	if h.Algorithm() == f.Algorithm {
		return 0
	}
	return 1
}

// hashers are those of Django's default list with the costs that the flags say.
func (f *hasherFlags) hashers() []password.Hasher {
	all := []password.Hasher{
		password.PBKDF2SHA256{Iterations: f.Iterations},
		password.PBKDF2SHA1{Iterations: f.Iterations},
		password.Argon2{
			Time: f.Argon2Time, Memory: f.Argon2Memory, Parallelism: f.Argon2Parallelism,
			HashLength: f.Argon2HashLength,
		},
		password.BCryptSHA256{Rounds: f.BCryptRounds},
		password.Scrypt{N: f.ScryptWorkFactor, R: f.ScryptBlockSize, P: f.ScryptParallelism},
	}
	if f.Algorithm == "bcrypt" {
		all = append(all, f.old("bcrypt"))
	}
	return all
}

// old is a hasher that is not in Django's default list.
func (f *hasherFlags) old(name string) password.Hasher {
	return map[string]password.Hasher{
		"bcrypt": password.BCrypt{Rounds: f.BCryptRounds}, "md5": password.MD5{}, "sha1": password.SHA1{},
		"unsalted_md5": password.UnsaltedMD5{}, "unsalted_sha1": password.UnsaltedSHA1{}, "crypt": password.Crypt{},
	}[name]
}

// check refuses what the hashers would take for their defaults, or name otherwise.
func (f *hasherFlags) check() error {
	for _, number := range []struct {
		flag  string
		value int
	}{
		{"password-iterations", f.Iterations},
		{"argon2-time-cost", f.Argon2Time},
		{"argon2-memory-cost", f.Argon2Memory},
		{"argon2-parallelism", f.Argon2Parallelism},
		{"argon2-hash-length", f.Argon2HashLength},
		{"bcrypt-rounds", f.BCryptRounds},
		{"scrypt-work-factor", f.ScryptWorkFactor},
		{"scrypt-block-size", f.ScryptBlockSize},
		{"scrypt-parallelism", f.ScryptParallelism},
	} {
		if number.value < 1 {
			return usageError{fmt.Errorf("--%s is %d; it must be positive", number.flag, number.value)}
		}
	}
	return nil
}
