package conformance_test

import (
	"context"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/password"
)

func passwordDifferentials() []differential {
	return []differential{
		{name: "password_hash", makes: makeHash, own: ownHash, rules: []explanation{
			{
				id: "malformed-hash", example: fields{"password": "x", "encoded": "pbkdf2_sha256$10$salt"},
				matches: func(d difference) bool {
					return d.theirField("raises") == true && d.ownField("note:reason") != nil && d.sameBut("raises")
				},
			},
			{
				id: "bcrypt-nul", before: "6", example: fields{"password": "\x00", "encoded": "bcrypt$$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"},
				matches: func(d difference) bool {
					return d.theirField("raises") == true && d.theirField("algorithm") == "bcrypt" &&
						strings.Contains(d.text("password"), "\x00") && d.sameBut("raises", "ok", "update")
				},
			},
		}},
	}
}

// oracleHashers are those of oracle/oracle.py: cheap ones.
var oracleHashers = sync.OnceValue(func() *password.Hashers {
	s, err := password.New(password.Config{
		Update: password.Exact,
		Hashers: []password.Hasher{
			password.PBKDF2SHA256{Iterations: 10},
			password.PBKDF2SHA1{Iterations: 10},
			password.Argon2{Time: 1, Memory: 64, Parallelism: 1, HashLength: 16},
			password.BCryptSHA256{Rounds: 4},
			password.BCrypt{Rounds: 4},
			password.Scrypt{N: 16, R: 8, P: 1},
			password.MD5{},
		},
	})
	if err != nil {
		panic(err)
	}
	return s
})

var hashNumber = regexp.MustCompile(`[0-9]+`)

// makeHash creates a hash of the password or of another one, and seldom leaves it as
// it is.
func makeHash(g *generator) fields {
	for {
		raw := pick(g, "lètmein", "", "password", g.word(10), g.word(90))
		encoded := goodHash(g, raw)
		if g.one(2) {
			encoded = g.mutate(encoded, "$", "=", "1", "0", " ", "_", "+", "!")
		}
		if g.one(6) {
			raw = g.mutate(raw)
		}
		if affordable(encoded) {
			return fields{"password": raw, "encoded": encoded}
		}
	}
}

// affordable keeps Django from computing what a mutation made of the parameters.
func affordable(encoded string) bool {
	for i, part := range regexp.MustCompile(`[$,=]`).Split(encoded, -1) {
		number := hashNumber.FindString(part)
		if n, err := strconv.Atoi(number); number != "" && len(part) < 20 && (err != nil || n > 200 && i < 9) {
			return false
		}
	}
	rounds := regexp.MustCompile(`\$2.?\$?(\d\d?)`).FindStringSubmatch(encoded)
	return rounds == nil || rounds[1] <= "05"
}

func goodHash(g *generator, raw string) string {
	salt := pick(g, g.plainWord(30), g.plainWord(30), "seasalt0123456789ABCDEF", g.word(8))
	derive := func(name string, h func() hash.Hash, size int) string {
		n := pick(g, 1, 9, 10, 10, 11, 1+g.IntN(60))
		key, err := pbkdf2.Key(h, raw, []byte(salt), n, size)
		if err != nil {
			g.t.Fatal(err)
		}
		return fmt.Sprintf("%s$%d$%s$%s", name, n, salt, base64.StdEncoding.EncodeToString(key))
	}
	switch g.IntN(10) {
	case 0:
		return g.corpus("passwords", "check", "encoded")
	case 1:
		return g.corpus("passwords", pick(g, "identify", "must_update", "usable"), "encoded")
	case 2:
		return derive("pbkdf2_sha1", sha1.New, 20)
	case 3:
		sum := md5.Sum([]byte(salt + raw))
		return "md5$" + salt + "$" + hex.EncodeToString(sum[:])
	case 4, 5:
		// Cheap hashes of the password lètmein and others, by Django.
		return g.corpus("passwords", "encode", "encoded")
	case 6:
		return pick(g, "", "!", "!"+g.word(40), "$", "$$$", g.word(5), "md5$$"+g.plainWord(32), "sha1$$"+g.plainWord(40))
	}
	return derive("pbkdf2_sha256", sha256.New, 32)
}

func ownHash(_ *oracle, c fields) any {
	h := password.Hash(c["encoded"].(string))
	answer := fields{"usable": h.Usable(), "algorithm": ""}
	if hasher, ok := oracleHashers().Identify(h); ok {
		answer["algorithm"] = hasher.Algorithm()
	}
	verdict, err := oracleHashers().Check(context.Background(), c["password"].(string), h)
	if err != nil {
		return failed(err)
	}
	answer["ok"], answer["update"] = verdict.OK, verdict.MustUpdate
	if verdict.Reason.Stuck() {
		answer["note:reason"] = verdict.Reason
	}
	return answer
}
