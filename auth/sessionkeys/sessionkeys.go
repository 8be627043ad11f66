package sessionkeys

import (
	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/sessions"
)

// What a login stores in the session, in this order.
const (
	UserID  = "_auth_user_id"      // Django: SESSION_KEY
	Backend = "_auth_user_backend" // Django: BACKEND_SESSION_KEY
	Hash    = "_auth_user_hash"    // Django: HASH_SESSION_KEY
)

// Ending is where a login keeps the number of the last ending of the
// user's sessions as of then. Django keeps the key and does not look at it.
const Ending = "_coatcheck_ending"

// Began is where a session keeps when its user signed in, in seconds since 1970,
// where sessions have a greatest age. Django keeps the key and does not look at it.
const Began = "_coatcheck_began"

// LoginTime is where a session keeps when its user logged in last, or confirmed to be the same,
// in seconds since 1970. The number is negative while another proof is asked for. Sessions have
// the key only where access.Fresh is used; Django keeps it and does not look at it.
const LoginTime = "_coatcheck_login"

// What a session keeps of the steps of a login. Django keeps them and looks at none.
const (
	Pending = "_coatcheck_pending" // a login that waits for a step
	// Proofs is where a login that took a step keeps its proofs, with those shown since.
	Proofs = "_coatcheck_proofs"
	// Kept is where a session keeps a form, sealed, while its user confirms to be the same.
	Kept = "_coatcheck_kept"
	// Origin is where a session keeps what its first proof says of where it began: at a session
	// of an OpenID provider, for instance.
	Origin = "_coatcheck_origin"
	// Setup is where a session keeps the secret of an authenticator app, sealed, until the
	// user confirms it by a code.
	Setup = "_coatcheck_setup"
)

// What a session keeps of its device. Django keeps them and looks at none; the middleware of
// docs/device-bound.md looks at Bound.
const (
	// Bound is where a session that is bound to a device keeps the ID of the binding, a colon, and
	// until when it is valid without the cookie of the device, in seconds since 1970.
	Bound = "_coatcheck_bound"
	// Bind is where a session keeps the ID of a binding that was offered to its browser.
	Bind = "_coatcheck_bind"
)

// OTPDevice is where django-otp keeps the device that the user has shown, as
// "otp_totp.totpdevice/1" (django_otp.DEVICE_ID_SESSION_KEY).
const OTPDevice = "otp_device_id"

// AllauthMethods is where django-allauth keeps a list of how the user signed in
// (allauth.account: AUTHENTICATION_METHODS_SESSION_KEY).
const AllauthMethods = "account_authentication_methods"

// Values is what a session holds, as a sessions.Data does.
type Values interface {
	// Get returns the JSON text stored under key.
	Get(key string) (text string, ok bool)
}

// Loaded returns what a session holds as far as it has been loaded: unlike
// [sessions.Session.Get] it never asks the store.
func Loaded(session *sessions.Session) Values { return loaded{session} }

type loaded struct{ *sessions.Session }

func (l loaded) Get(key string) (string, bool) { return l.Peek(key) }

// UserOf returns the ID of the user whom a session names, or "".
func UserOf(v Values) string {
	raw, _ := v.Get(UserID)
	if raw != "" && raw[0] >= '0' && raw[0] <= '9' {
		return raw
	}
	id, _ := Text(v, UserID)
	return id
}

// Text returns the text under a key, and whether there is one.
func Text(v Values, key string) (string, bool) {
	raw, ok := v.Get(key)
	if !ok {
		return "", false
	}
	return pyjson.Unquote(raw)
}

// actingKeys are what the Django applications by which staff act as another user keep in
// the session concurrently: django-impersonate, django-hijack, django-loginas and django-su.
var actingKeys = [...]string{"_impersonate", "hijack_history", "loginas_from_user", "exit_users_pk"}

// Acting reports whether a session says that its user acts as another one, by one of the Django
// applications for that.
func Acting(v Values) bool {
	for _, key := range actingKeys {
		switch text, _ := v.Get(key); text {
		case "", "null", "[]", "false":
		default:
			return true
		}
	}
	return false
}
