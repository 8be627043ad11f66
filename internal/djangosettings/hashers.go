package djangosettings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/password"
)

// djangoHasher is an entry of PASSWORD_HASHERS.
type djangoHasher struct {
	path      string
	algorithm string // by our name; empty where Coatcheck does not know the hasher
	costs     map[string]int64
}

// djangoHashers are the algorithms of Django's classes.
var djangoHashers = map[string]string{
	"PBKDF2PasswordHasher": "pbkdf2_sha256", "PBKDF2SHA1PasswordHasher": "pbkdf2_sha1", "Argon2PasswordHasher": "argon2",
	"BCryptSHA256PasswordHasher": "bcrypt_sha256", "BCryptPasswordHasher": "bcrypt", "ScryptPasswordHasher": "scrypt",
	"MD5PasswordHasher": "md5", "SHA1PasswordHasher": "sha1", "UnsaltedMD5PasswordHasher": "unsalted_md5",
	"UnsaltedSHA1PasswordHasher": "unsalted_sha1", "CryptPasswordHasher": "crypt",
}

// oldHashers are read with --accept-hasher alone.
var oldHashers = []string{"bcrypt", "md5", "sha1", "unsalted_md5", "unsalted_sha1", "crypt"}

// makes reports whether Coatcheck makes new hashes by it.
func (h djangoHasher) makes() bool {
	return h.algorithm == "bcrypt" || h.algorithm != "" && !slices.Contains(oldHashers, h.algorithm)
}

// costFlags are the flags of the attributes of Django's classes.
var costFlags = map[string]map[string]string{
	"pbkdf2_sha256": {"iterations": "password-iterations"},
	"pbkdf2_sha1":   {"iterations": "password-iterations"},
	"argon2": {
		"time_cost": "argon2-time-cost", "memory_cost": "argon2-memory-cost", "parallelism": "argon2-parallelism",
		"hash_len": "argon2-hash-length",
	},
	"bcrypt_sha256": {"rounds": "bcrypt-rounds"},
	"bcrypt":        {"rounds": "bcrypt-rounds"},
	"scrypt": {
		"work_factor": "scrypt-work-factor", "block_size": "scrypt-block-size", "parallelism": "scrypt-parallelism",
	},
}

// hashersSetting converts the hasher of new hashes, what each costs, and which
// old ones are read. A cost of its own on one side would make that side hash anew
// at every login what the other hashed, which ends the user's other sessions.
func hashersSetting(c *conversion, s djangoSetting, value any) {
	all := c.hashers(texts(value))
	first := slices.IndexFunc(all, djangoHasher.makes)
	if first < 0 {
		c.refuse(s.name, "has no hasher by which Coatcheck makes new hashes, so neither side could read "+
			"what the other stores")
		return
	}
	c.set(s.flag, all[first].algorithm)
	if first > 0 {
		c.set("password-update", "never")
		c.note(s.name, "begins with "+all[0].path+", by which Coatcheck makes no hashes; here new ones "+
			"are "+all[first].algorithm+
			", the first of the list that both know, and Django hashes each anew at the next login there")
	}
	if entropy, ok := all[first].costs["salt_entropy"]; ok && entropy > 128 {
		c.note(s.name, "begins with a hasher of longer salts than Coatcheck's, so Django hashes anew, "+
			"once, what was hashed here")
	}
	var accept []string
	for _, h := range slices.Concat(all[first:first+1], all) {
		c.costs(h)
		switch {
		case h.algorithm == "":
			c.note(s.name, "has "+h.path+", which has no counterpart; whom it hashed gets 401 here, with "+
				"a warning in the log")
		case h.algorithm != all[first].algorithm && slices.Contains(oldHashers, h.algorithm) && !slices.Contains(accept, h.algorithm):
			accept = append(accept, h.algorithm)
		}
	}
	c.set("accept-hasher", accept)
}

// costs sets the flags of a hasher, unless one before it in the list has.
func (c *conversion) costs(h djangoHasher) {
	for attribute, flag := range costFlags[h.algorithm] {
		cost, told := h.costs[attribute]
		if _, set := c.config[strings.ReplaceAll(flag, "-", "_")]; told && !set {
			c.set(flag, cost)
		}
	}
}

// hashers are those that Django told of, or what their paths say.
func (c *conversion) hashers(paths []string) []djangoHasher {
	told, _ := c.dump["COATCHECK_HASHERS"].([]any)
	if len(told) != len(paths) {
		return c.hashersByPath(paths)
	}
	var all []djangoHasher
	for _, item := range told {
		facts, _ := item.(map[string]any)
		class, _ := facts["class"].(string)
		h := djangoHasher{path: fmt.Sprint(facts["path"]), costs: map[string]int64{}}
		if facts["altered"] != true && facts["algorithm"] == djangoHashers[class] {
			h.algorithm = djangoHashers[class]
		}
		for name, value := range facts {
			if cost, ok := value.(int64); ok {
				h.costs[name] = cost
			}
		}
		all = append(all, h)
	}
	return all
}

// hashersByPath knows Django's own classes, with the costs of the version that
// the settings seem to be of.
func (c *conversion) hashersByPath(paths []string) []djangoHasher {
	const name = "PASSWORD_HASHERS"
	version := c.version()
	var all []djangoHasher
	for i, path := range paths {
		class, _ := strings.CutPrefix(path, "django.contrib.auth.hashers.")
		h := djangoHasher{path: path, algorithm: djangoHashers[class], costs: map[string]int64{}}
		if n, ok := password.DjangoIterations(version); ok && strings.HasPrefix(h.algorithm, "pbkdf2") {
			h.costs["iterations"] = int64(n)
		}
		if h.algorithm == "scrypt" && slices.Contains([]string{"4.0", "4.1", "4.2", "5.0"}, version) {
			h.costs["parallelism"] = 1
		}
		if i == 0 && h.algorithm == "argon2" {
			c.note(name, "begins with Argon2PasswordHasher; set argon2_hash_length to 16 if the site's "+
				"argon2-cffi is older than 21.2, as Debian's is")
		}
		all = append(all, h)
	}
	c.note(name, "has no costs in this file; those of Django "+version+" are taken, which it seems to be "+
		"of: "+
		"ask the Django itself to be sure, by its settings module or --script")
	return all
}

// version is that of Django, or what the names of the settings say of it.
func (c *conversion) version() string {
	if told := c.text("COATCHECK_DJANGO"); told != "" {
		return told
	}
	for _, era := range []struct{ name, version string }{ // by when these were added and removed
		{"USE_BLANK_CHOICE_DASH", "6.1"},
		{"TASKS", "6.0"},
		{"DEFAULT_HASHING_ALGORITHM", "3.2"},
		{"FORMS_URLFIELD_ASSUME_HTTPS", "5.2"}, // 5.1 has the same names
		{"STORAGES", "4.2"},
		{"SECRET_KEY_FALLBACKS", "4.1"},
		{"USE_DEPRECATED_PYTZ", "4.0"},
	} {
		if _, there := c.dump[era.name]; there {
			if _, older := c.dump["DEFAULT_FILE_STORAGE"]; older && era.version == "5.2" {
				return "5.0"
			}
			return era.version
		}
	}
	return "6.1"
}
