package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/password"
)

// parsed is serve with these flags.
func parsed(t *testing.T, args ...string) (*serveCommand, error) {
	t.Helper()
	var commands cli
	app, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.Parse(append([]string{"serve"}, args...))
	return &commands.Serve, err
}

// TestHasherFlags: the flags are Django's defaults, and each cost is that of new
// hashes.
func TestHasherFlags(t *testing.T) {
	serve, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	got, err := serve.Passwords.Hasher.config()
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range password.DefaultHashers() {
		want, _ := h.Cost("")
		if cost, err := got.Hashers[i].Cost(""); err != nil || cost != want || got.Hashers[i].Algorithm() != h.Algorithm() {
			t.Errorf("%s costs %v by default, want %v: %v", h.Algorithm(), cost, want, err)
		}
	}
	for prefix, args := range map[string]string{
		"pbkdf2_sha256$7$":              "--password-iterations 7",
		"pbkdf2_sha1$7$":                "--password-hasher pbkdf2_sha1 --password-iterations 7",
		"argon2$argon2id$v=19$m=64,t=3": "--password-hasher argon2 --argon2-time-cost 3 --argon2-memory-cost 64 --argon2-parallelism 1 --argon2-hash-length 16",
		"bcrypt_sha256$$2b$05$":         "--password-hasher bcrypt_sha256 --bcrypt-rounds 5",
		"bcrypt$$2b$04$":                "--password-hasher bcrypt --bcrypt-rounds 4 --accept-hasher bcrypt --accept-hasher crypt",
		"scrypt$16$":                    "--password-hasher scrypt --scrypt-work-factor 16 --scrypt-block-size 2 --scrypt-parallelism 3",
	} {
		serve, err := parsed(t, strings.Fields(args)...)
		if err != nil {
			t.Fatal(err)
		}
		config, err := serve.Passwords.Hasher.config()
		if err != nil {
			t.Fatal(err)
		}
		hash, err := config.Hashers[0].Encode("secret")
		if err != nil || !strings.HasPrefix(hash.Encoded(), prefix) {
			t.Errorf("%s: %s, %v", args, hash.Encoded(), err)
		}
		hashers, err := password.New(config)
		if err != nil {
			t.Fatal(err)
		}
		if verdict, err := hashers.Check(t.Context(), "secret", hash); !verdict.OK || verdict.MustUpdate || err != nil {
			t.Errorf("%s: %+v, %v", args, verdict, err)
		}
	}
}

// TestHasherFlagsRefused: a cost that cannot be is refused, and names the flags.
func TestHasherFlagsRefused(t *testing.T) {
	got := map[string]string{}
	for _, args := range []string{"--argon2-time-cost 0", "--scrypt-work-factor 15", "--bcrypt-rounds 32", "--password-iterations=-1", "--argon2-memory-cost 63"} {
		serve, err := parsed(t, strings.Fields(args)...)
		if err == nil {
			_, err = serve.Passwords.Hasher.config()
		}
		if err == nil {
			t.Fatalf("%s is accepted", args)
		}
		got[args] = err.Error()
	}
	const cost = "an --argon2-, --bcrypt- or --scrypt- flag cannot be: password: "
	want := map[string]string{
		"--argon2-time-cost 0":     "--argon2-time-cost is 0; it must be positive",
		"--scrypt-work-factor 15":  cost + "scrypt: N 15 must be a power of two, and R 8 and P 5 positive",
		"--bcrypt-rounds 32":       cost + "bcrypt_sha256: Rounds 32 is not in 4..31",
		"--password-iterations=-1": "--password-iterations is -1; it must be positive",
		"--argon2-memory-cost 63":  cost + "argon2: Time 2, Memory 63 KiB and Parallelism 8 do not go together: Time at least 1, Parallelism 1 to 255, Memory at least 8 KiB a lane",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
