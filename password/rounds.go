package password

import "strings"

// Rounds returns the work factor of the hash as it is written in it: the iterations of PBKDF2
// and scrypt ("1500000"), the logarithm of bcrypt's ("12"), memory, time and lanes of argon2
// ("m=102400,t=2,p=8"). It is empty for other hashes. It is no secret.
func (h Hash) Rounds() string {
	fields := strings.Split(string(h), "$")
	at, allowed := 1, "0123456789"
	switch h.Algorithm() {
	case "pbkdf2_sha256", "pbkdf2_sha1", "scrypt":
	case "bcrypt", "bcrypt_sha256": // bcrypt$$2b$12$…
		at = 3
	case "argon2": // argon2$argon2id$v=19$m=…
		at, allowed = 3, allowed+"mtp=,"
		if len(fields) > 2 && strings.HasPrefix(fields[2], "m=") { // of version 16
			at = 2
		}
	default:
		return ""
	}
	if len(fields) <= at+1 || strings.Trim(fields[at], allowed) != "" {
		return ""
	}
	return fields[at]
}
