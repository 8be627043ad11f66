// Package pbkdf2 derives keys from passwords by PBKDF2-HMAC-SHA256 with the SHA
// instructions of the processor (SHA-NI of amd64, SHA2 of arm64), two passwords at once
// where two wait.
//
// An iteration is two compressions of SHA-256, each of which needs the result of the one
// before, so the processor waits most of the time. The loop is in assembly: states and
// message stay in registers, and the instructions of two derivations alternate, which takes
// little longer than one of them.
//
// [Key] derives a key at once. A [Derivation] does it in steps, and [Step] takes a step of
// two of them together. Assembly cannot be interrupted by Go's scheduler, so no step is
// longer than a fraction of a millisecond.
//
// The standard library computes where the processor lacks the instructions, where the
// assembly does not pass its self-test (see [SelfTest]), and always in FIPS mode. This is
// one of the pure tools of floor 0.
package pbkdf2
