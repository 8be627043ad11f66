package password

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// The records of passwords.json.gz that do not agree, and why. Each rule names
// its records narrowly; every record that it takes is logged by itself, and
// what can be compared nevertheless is compared.
var disagreements = []struct {
	reason string
	match  func(vectorRecord) bool
}{
	{
		"a Go string is never None; callers without a password call Dummy, which refuses just so",
		func(r vectorRecord) bool { return r.Kind == "check" && r.Password == nil },
	},
	{
		"argon2 version 16 (a PHC string without v=) is not in x/crypto: refused as unsupported, where Django verifies it",
		func(r vectorRecord) bool { return r.Kind == "check" && r.Note == "argon2_nov" && r.OK },
	},
	{
		"plain bcrypt reads 72 bytes: the hash verifies, but a new one is refused with ErrTooLong",
		func(r vectorRecord) bool {
			return r.Kind == "encode" && r.Algorithm == "bcrypt" && r.Error == nil && len(*r.Password) > 72
		},
	},
	{
		"some bcrypts take no NUL: the hash verifies, but a new one is refused with ErrNUL",
		func(r vectorRecord) bool {
			return r.Kind == "encode" && r.Algorithm == "bcrypt" && r.Error == nil && strings.Contains(*r.Password, "\x00")
		},
	},
}

// vectorRecord contains the fields of all kinds.
type vectorRecord struct {
	Kind, Django, Name, Algorithm, Salt, Note, Preferred string

	Password *string
	Encoded  *string
	Error    *struct{ Type, Msg string }
	Hashers  []string
	Params   map[string]int

	Length                                int
	Iterations, N, R, P                   int
	TimeCost                              int `json:"time_cost"`
	MemoryCost                            int `json:"memory_cost"`
	Parallelism                           int
	HashLen                               int `json:"hash_len"`
	SaltEntropy                           int `json:"salt_entropy"`
	SaltSampleLen                         int `json:"salt_sample_len"`
	OK, Upgrade, Result, Usable, Defaults bool
	InDefaultList                         bool `json:"in_default_list"`
	loneSurrogate                         bool
	source                                vectors.Record
}

func (r vectorRecord) hash() Hash {
	if r.Encoded == nil {
		return ""
	}
	return Hash(*r.Encoded)
}

func TestVectors(t *testing.T) {
	kinds := map[string]func(*testing.T, vectorRecord){
		"hasher": vectorHasher, "encode": vectorEncode, "check": vectorCheck, "must_update": vectorMustUpdate,
		"identify": vectorIdentify, "usable": vectorUsable, "unusable_sample": vectorUnusable, "default_list": vectorDefaultList,
	}
	agree, differ := map[string]int{}, map[string]int{}
	slow := map[string]func(*testing.T){} // one for records that say the same
	for _, source := range vectors.Load(t, "passwords") {
		r := vectorRecord{source: source}
		source.DecodeAll(t, &r)
		for _, field := range []string{"password", "encoded", "salt"} {
			if raw := source.Raw(field); len(raw) > 0 && raw[0] == '"' {
				_, ok := source.Text(t, field)
				r.loneSurrogate = r.loneSurrogate || !ok
			}
		}
		if r.loneSurrogate {
			differ[r.Kind]++
			t.Logf("differs: %v: a lone surrogate is no UTF-8, and Django cannot encode it either", source)
			continue
		}
		test := kinds[r.Kind]
		if test == nil {
			t.Errorf("%v: a kind that this test does not know", source)
			continue
		}
		if expensive(t, r) {
			slow[fmt.Sprintf("%s/%q/%s", r.Algorithm, *r.Password, *r.Encoded)] = func(t *testing.T) {
				t.Parallel()
				test(t, r)
			}
		} else {
			test(t, r)
		}
		agreed := true
		for _, d := range disagreements {
			if d.match(r) {
				agreed = false
				t.Logf("differs: %v %s%s: %s", source, r.Algorithm, r.Note, d.reason)
			}
		}
		if agreed {
			agree[r.Kind]++
		} else {
			differ[r.Kind]++
		}
	}
	for name, test := range slow {
		t.Run(name, test)
	}
	t.Logf("%d hashes of real cost are computed in parallel", len(slow))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%s: %d records agree, %d differ as listed", kind, agree[kind], differ[kind])
	}
}

// expensive reports the records with a version's real work factors.
func expensive(t *testing.T, r vectorRecord) bool {
	if r.Kind != "encode" || r.Error != nil {
		return false
	}
	cost, err := hasherOf(t, r).Cost(r.hash())
	return err == nil && cost.Work > 10*time.Millisecond
}

// hashersOf is what the recording Django of a version had configured: all that
// it knows, with its own defaults.
func hashersOf(t *testing.T, django string) []Hasher {
	t.Helper()
	minor := django
	if parts := strings.Split(django, "."); len(parts) > 2 {
		minor = parts[0] + "." + parts[1]
	}
	iterations, ok := DjangoIterations(minor)
	if !ok {
		t.Fatalf("no iterations known for Django %s", django)
	}
	list := []Hasher{
		PBKDF2SHA256{iterations}, PBKDF2SHA1{iterations}, Argon2{HashLength: 16}, BCryptSHA256{}, BCrypt{}, MD5{},
	}
	before51 := strings.HasPrefix(minor, "3.") || strings.HasPrefix(minor, "4.") || minor == "5.0"
	switch {
	case minor == "3.2":
	case before51:
		list = append(list, Scrypt{P: 1})
	default:
		list = append(list, Scrypt{})
	}
	if before51 {
		list = append(list, SHA1{}, UnsaltedMD5{}, UnsaltedSHA1{})
	}
	if before51 && minor != "5.0" {
		list = append(list, Crypt{})
	}
	return list
}

func hasherOf(t *testing.T, r vectorRecord) Hasher {
	t.Helper()
	for _, h := range hashersOf(t, r.Django) {
		if h.Algorithm() == r.Algorithm {
			return h
		}
	}
	t.Fatalf("%v: Django %s has no %s", r.source, r.Django, r.Algorithm)
	return nil
}

// djangoNames are the classes of django.contrib.auth.hashers.
var djangoNames = map[string]Hasher{
	"PBKDF2PasswordHasher": PBKDF2SHA256{}, "PBKDF2SHA1PasswordHasher": PBKDF2SHA1{}, "Argon2PasswordHasher": Argon2{},
	"BCryptSHA256PasswordHasher": BCryptSHA256{}, "BCryptPasswordHasher": BCrypt{}, "ScryptPasswordHasher": Scrypt{},
	"MD5PasswordHasher": MD5{}, "SHA1PasswordHasher": SHA1{}, "UnsaltedMD5PasswordHasher": UnsaltedMD5{},
	"UnsaltedSHA1PasswordHasher": UnsaltedSHA1{}, "CryptPasswordHasher": Crypt{},
}

func vectorHasher(t *testing.T, r vectorRecord) {
	h := hasherOf(t, r)
	if ours := djangoNames[r.Name]; reflect.TypeOf(ours) != reflect.TypeOf(h) {
		t.Errorf("%v: %s is %T here, found %T", r.source, r.Name, ours, h)
	}
	inDefault := slices.ContainsFunc(DefaultHashers(), func(d Hasher) bool { return d.Algorithm() == r.Algorithm })
	if inDefault != r.InDefaultList {
		t.Errorf("%v: %s in the default list: %v", r.source, r.Name, inDefault)
	}
	params := map[string]int{}
	saltSample := saltLength
	switch h := h.(type) {
	case PBKDF2SHA256:
		params["iterations"] = h.kind().iterations
	case PBKDF2SHA1:
		params["iterations"] = h.kind().iterations
	case Argon2:
		p := h.params()
		params["time_cost"], params["memory_cost"], params["parallelism"] = int(p.t), int(p.m), int(p.p)
	case BCryptSHA256:
		params["rounds"], saltSample = h.kind().rounds, len("$2b$12$")+22
	case BCrypt:
		params["rounds"], saltSample = h.kind().rounds, len("$2b$12$")+22
	case Scrypt:
		p := h.params()
		params["work_factor"], params["block_size"], params["parallelism"] = int(p.n), int(p.r), int(p.p)
		params["maxmem"] = 0 // OpenSSL's own limit; ours is Config.MaxMemory
	case UnsaltedMD5, UnsaltedSHA1:
		saltSample = 0
	case Crypt:
		saltSample = 2
	}
	if !maps.Equal(params, r.Params) || saltSample != r.SaltSampleLen || r.SaltEntropy != 128 {
		t.Errorf("%v: %s: %v, salt of %d; want %v, %d", r.source, r.Name, params, saltSample, r.Params, r.SaltSampleLen)
	}
}

// preferredFirst is the configuration of the check records: the version's
// hashers, the preferred one with the parameters of the recording.
func preferredFirst(t *testing.T, r vectorRecord) []Hasher {
	list := hashersOf(t, r.Django)
	for i, h := range list {
		if h.Algorithm() == r.Preferred {
			list[0], list[i] = list[i], list[0]
		}
	}
	if _, ok := list[0].(PBKDF2SHA256); !ok || r.Preferred != "pbkdf2_sha256" {
		t.Fatalf("%v: prefers %s", r.source, r.Preferred)
	}
	list[0] = PBKDF2SHA256{Iterations: 1000}
	return list
}

func vectorCheck(t *testing.T, r vectorRecord) {
	s := mustNew(t, Config{Hashers: preferredFirst(t, r), Update: Exact})
	if r.Password == nil {
		if err := s.Dummy(t.Context(), ""); err != nil || r.OK {
			t.Errorf("%v: Dummy: %v", r.source, err)
		}
		return
	}
	v, err := s.Check(t.Context(), *r.Password, r.hash())
	switch {
	case err != nil:
		t.Errorf("%v: %v", r.source, err)
	case r.Error != nil: // Django responds with 500
		if v.OK || v.Reason != ReasonMalformed {
			t.Errorf("%v: Django raises %s; here %+v", r.source, r.Error.Msg, v)
		}
	case r.Note == "argon2_nov":
		if v.OK || v.Reason != ReasonUnsupported {
			t.Errorf("%v: %+v", r.source, v)
		}
	case v.OK != r.OK || v.MustUpdate != r.Upgrade || v.OK != (v.Reason == ""):
		t.Errorf("%v: %q against %s: %+v, want %v, upgrade %v", r.source, *r.Password, *r.Encoded, v, r.OK, r.Upgrade)
	}
}

func vectorMustUpdate(t *testing.T, r vectorRecord) {
	h := hasherOf(t, r)
	if a, ok := h.(Argon2); ok && r.HashLen != 0 {
		a.HashLength = r.HashLen
		h = a
	}
	if got := h.MustUpdate(r.hash(), Exact); got != r.Result {
		t.Errorf("%v: %s: %v, want %v", r.source, *r.Encoded, got, r.Result)
	}
	if h.MustUpdate(r.hash(), Never) {
		t.Errorf("%v: Never updates %s", r.source, *r.Encoded)
	}
	if _, ok := h.(Scrypt); !ok && h.MustUpdate(r.hash(), OnlyUp) && !r.Result {
		t.Errorf("%v: OnlyUp updates %s, Exact does not", r.source, *r.Encoded)
	}
}

func vectorIdentify(t *testing.T, r vectorRecord) {
	s := mustNew(t, Config{Hashers: hashersOf(t, r.Django)})
	h, ok := s.Identify(r.hash())
	if ok != (r.Error == nil) || ok && h.Algorithm() != r.Algorithm {
		t.Errorf("%v: %q is %v, want %q", r.source, *r.Encoded, h, r.Algorithm)
	}
	if ok && r.hash().Algorithm() != r.Algorithm {
		t.Errorf("%v: %q is %q, want %q", r.source, *r.Encoded, r.hash().Algorithm(), r.Algorithm)
	}
}

func vectorUsable(t *testing.T, r vectorRecord) {
	if got := r.hash().Usable(); got != r.Usable {
		t.Errorf("%v: usable is %v", r.source, got)
	}
}

func vectorUnusable(t *testing.T, r vectorRecord) {
	shape := regexp.MustCompile(`^![a-zA-Z0-9]{40}$`)
	for _, h := range []Hash{r.hash(), Unusable()} {
		if h.Usable() || !shape.MatchString(h.Encoded()) || len(h) != r.Length || h.Algorithm() != "" {
			t.Errorf("%v: %q is not an unusable password", r.source, h.Encoded())
		}
	}
}

func vectorDefaultList(t *testing.T, r vectorRecord) {
	var want []Hasher
	for _, name := range r.Hashers {
		want = append(want, djangoNames[strings.TrimPrefix(name, "django.contrib.auth.hashers.")])
	}
	if got := DefaultHashers(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %v, want %v", r.source, got, want)
	}
}

func mustNew(t testing.TB, c Config) *Hashers {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
