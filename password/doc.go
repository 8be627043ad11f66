// Package password makes and checks password hashes in the format of Django's
// auth_user.password column, by every hasher of Django 3.2 to 6.1.
//
// Most programs need three things: [New] with a [Config] (the zero Config is
// Django 6.1's PASSWORD_HASHERS), [Hashers.Make] for a new password and
// [Hashers.Check] at a login. A login for an account that does not exist calls
// [Hashers.Dummy], so that it takes as long as one that does.
//
// What Django leaves to the operator is built in:
//
//   - Admission. Hashes are computed by at most Workers threads of low priority, within a
//     budget of memory; the rest waits, no longer than MaxWait or the context's deadline,
//     and gets [ErrBusy] (503 or 429 with Retry-After). Known clients wait in a
//     queue of their own, which no flood of unknown ones fills: see [KnownClient].
//   - Equal work. A failed Check takes about the time of one Make whatever the
//     row holds: a weaker hash, an unusable or unknown one, a mangled one, none.
//   - Bounds. Parameters that were read from the database (10^12 iterations,
//     4 GiB of memory) are refused, not computed.
//   - No ping-pong. The default policy, [OnlyUp], replaces a hash only by a
//     stronger one; [Exact] is Django's rule, [Never] leaves all as it is.
//
// A [Hash] never prints itself.
//
// What a new password must be, before it is hashed, is in the package validate. This is
// one of the pure tools of floor 0.
package password
