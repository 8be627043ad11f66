package explain

import "github.com/coatcheck/coatcheck/password"

// djangos are the versions of Django of which is said whether they rewrite a hash.
var djangos = []string{"4.2", "5.2", "6.1"}

// hash explains a stored password.
func (w *World) hash(h password.Hash) *Report {
	r := newReport(PasswordHash, "password hash")
	look := w.Passwords.Look(h)
	switch algorithm := h.Algorithm(); {
	case !h.Usable():
		const reason = "there is no usable password, so nobody can log in with one"
		return r.bad("hash", "password.unusable", reason,
			"set a password by coatcheck changepassword; accounts of single sign-on are as they should be")
	case algorithm != "":
		r.Name += " " + algorithm
		rounds := h.Rounds()
		if rounds == "" {
			rounds = "no work factor"
		}
		r.good("algorithm", "%s, %s", algorithm, rounds)
	}
	if look.Reason != "" {
		return w.stuck(r, h, look.Reason)
	}
	w.rewrites(r, h, look.MustUpdate)
	if look.MustUpdate {
		return r.passed("", "a password can be compared with it, and a login here rewrites it")
	}
	return r.passed("", "a password can be compared with it")
}

// stuck is about a hash that no password matches.
func (w *World) stuck(r *Report, h password.Hash, reason password.Reason) *Report {
	algorithm, remedy := h.Algorithm(), "set another password by coatcheck changepassword"
	says := "no password can be compared with it: " + string(reason)
	if reason == password.ReasonUnknown && algorithm != "" {
		says = "no password can be compared with it: " + algorithm + " is not configured here"
		remedy = "add it with --accept-hasher " + algorithm + " (PASSWORD_HASHERS)"
	}
	return r.bad("hash", "password.stuck", says, remedy)
}

// rewrites adds whose logins rewrite the hash.
func (w *World) rewrites(r *Report, h password.Hash, here bool) {
	preferred := w.Passwords.Preferred().Algorithm()
	if here {
		r.good("login here", "rewrites it, as --password-hasher %s makes stronger ones", preferred)
	} else {
		r.good("login here", "leaves it as it is (--password-hasher %s, --password-update)", preferred)
	}
	for _, version := range djangos {
		if djangoRewrites(h, version) {
			r.good("Django "+version, "would rewrite this hash at login, by its default PASSWORD_HASHERS")
		} else {
			r.good("Django "+version, "would leave it as it is")
		}
	}
}

// djangoRewrites reports whether a login at a Django of that version rewrites the hash, by its
// default PASSWORD_HASHERS.
func djangoRewrites(h password.Hash, version string) bool {
	iterations, _ := password.DjangoIterations(version)
	hashers := password.DefaultHashers()
	hashers[0] = password.PBKDF2SHA256{Iterations: iterations}
	django, err := password.New(password.Config{Hashers: hashers, Update: password.Exact})
	return err == nil && django.Look(h).MustUpdate
}
