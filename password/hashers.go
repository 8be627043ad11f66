package password

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/internal/pbkdf2"
)

// Config sets up [Hashers]. The zero value is Django 6.1's defaults.
type Config struct {
	// Hashers are the algorithms that verify. The first one is preferred: it
	// makes the new hashes. Nil means DefaultHashers. Django: PASSWORD_HASHERS.
	Hashers []Hasher
	// Update specifies which verified hashes Check asks to replace; the zero value is
	// OnlyUp, Django's rule is Exact.
	Update UpdatePolicy
	// Workers is the number of threads that compute hashes at a time, two of PBKDF2-SHA256
	// together where the processor has SHA instructions. Zero means one for each processor
	// that Go may use (GOMAXPROCS).
	Workers int
	// NoThreads: hashes are computed at normal priority by the goroutines that ask for
	// them, one by each worker. Else each worker is a thread of the operating system, which
	// on Linux has a low priority (nice 10), and GOMAXPROCS is higher by one for each while
	// they run, so that requests that hash nothing wait for none of them. A thread starts
	// with the first hash, and ends 0.1 seconds after the last.
	NoThreads bool
	// MaxWait is how long a hash waits for a worker before ErrBusy; zero means
	// 5 seconds. A context with an earlier deadline waits no longer than that.
	MaxWait time.Duration
	// MaxQueue is the number of hashes that wait; one more gets ErrBusy at once,
	// as does one that would, by the time that hashes took of late, not get its
	// turn in time. Known clients have as many places of their own: see
	// [KnownClient]. Zero means 64 for each worker.
	MaxQueue int
	// MaxMemory is the budget in bytes that argon2 and scrypt hashes share while
	// they run; zero means 1 GiB. One hash always may run. A stored hash that
	// alone wants more, and more than each of the configured Hashers takes for a
	// new hash, is refused.
	MaxMemory int64
	// MaxWork bounds what a stored hash may cost, in nominal time (see [Cost]).
	// One that would cost more, and more than each of the configured Hashers'
	// new hashes, is refused. Zero means 4 seconds: 23 million iterations of
	// PBKDF2, or 50 million by the SHA instructions, 16 rounds of bcrypt, 4 GiB that argon2 goes over.
	MaxWork time.Duration
}

// Hashers hashes and checks passwords. It is safe for concurrent use.
type Hashers struct {
	byName    map[string]Hasher
	preferred Hasher
	target    Cost // of a new hash
	limit     Cost // of a stored one
	policy    UpdatePolicy
	noThreads bool
	gate      gate
}

// Verdict is the outcome of a Check. The zero Verdict is a refusal.
type Verdict struct {
	// OK: the password is right.
	OK bool
	// MustUpdate: the password is right, and its hash ought to be replaced by a
	// new one of Make. Store it only where the row still holds the hash that was
	// checked, else a concurrent change of the password is undone. The
	// replacement is an improvement, not a condition: a login whose Make fails
	// with ErrBusy has succeeded nevertheless.
	MustUpdate bool
	// Reason specifies why the password is not right; it is for logs. To the user
	// every reason is the same.
	Reason Reason
}

// Reason informs the operator why a check failed.
type Reason string

// The reasons. After those from ReasonUnknown on, no password at all can open
// the account until its hash is replaced: see [Reason.Stuck].
const (
	ReasonMismatch    Reason = "wrong password"
	ReasonUnusable    Reason = "no usable password"
	ReasonUnknown     Reason = "unknown or not configured algorithm"
	ReasonMalformed   Reason = "malformed hash"
	ReasonUnsupported Reason = "unsupported variant of the algorithm"
	ReasonRefused     Reason = "hash parameters out of bounds"
)

// Stuck reports whether the stored hash is at fault, which somebody should look
// into, and not the password.
func (r Reason) Stuck() bool {
	switch r {
	case ReasonUnknown, ReasonMalformed, ReasonUnsupported, ReasonRefused:
		return true
	}
	return false
}

// DefaultHashers is the default list of Django 4.0 to 6.1 with the work factors
// of 6.1: PBKDF2SHA256, PBKDF2SHA1, Argon2, BCryptSHA256, Scrypt.
func DefaultHashers() []Hasher {
	return []Hasher{PBKDF2SHA256{}, PBKDF2SHA1{}, Argon2{}, BCryptSHA256{}, Scrypt{}}
}

// New checks the configuration. It starts nothing.
func New(c Config) (*Hashers, error) {
	if c.Hashers == nil {
		c.Hashers = DefaultHashers()
	}
	if len(c.Hashers) == 0 {
		return nil, errors.New("password: Config.Hashers is empty; leave it nil for the default list")
	}
	if !c.Update.valid() {
		return nil, fmt.Errorf("password: Config.Update: no such policy: %v", c.Update)
	}
	if c.Workers < 0 || c.MaxWait < 0 || c.MaxQueue < 0 || c.MaxMemory < 0 || c.MaxWork < 0 {
		return nil, errors.New("password: Config.Workers, MaxWait, MaxQueue, MaxMemory and MaxWork cannot be negative")
	}
	workers := orDefault(c.Workers, processors())
	s := &Hashers{
		byName: make(map[string]Hasher, len(c.Hashers)),
		policy: c.Update, noThreads: c.NoThreads,
		limit: Cost{Work: c.MaxWork, Memory: c.MaxMemory},
	}
	if s.limit.Work == 0 {
		s.limit.Work = 4 * time.Second
	}
	if s.limit.Memory == 0 {
		s.limit.Memory = 1 << 30
	}
	s.gate = gate{workers: workers, memory: s.limit.Memory, maxWait: c.MaxWait, maxQueue: orDefault(c.MaxQueue, 64*workers)}
	if c.MaxWait == 0 {
		s.gate.maxWait = 5 * time.Second
	}
	for i, h := range c.Hashers {
		if err := s.add(h, i == 0); err != nil {
			return nil, fmt.Errorf("password: Config.Hashers[%d]: %w", i, err)
		}
	}
	return s, nil
}

// add adds one hasher to the list; the first one is preferred.
func (s *Hashers) add(h Hasher, first bool) error {
	if h == nil {
		return errors.New("is nil")
	}
	name := h.Algorithm()
	if name == "" || s.byName[name] != nil {
		return fmt.Errorf("algorithm %q is empty or there twice", name)
	}
	if v, ok := h.(interface{ validate() error }); ok {
		if err := v.validate(); err != nil {
			return err
		}
	}
	if _, weak := h.(verifyOnly); weak && first {
		return fmt.Errorf("%s makes no hashes, so it cannot come first: %w", name, ErrVerifyOnly)
	}
	cost, err := h.Cost("")
	if err != nil {
		return err
	}
	if first {
		s.preferred, s.target = h, cost
	}
	s.limit.Work = max(s.limit.Work, cost.Work)
	s.limit.Memory = max(s.limit.Memory, cost.Memory)
	s.byName[name] = h
	return nil
}

// Make hashes a password with the preferred hasher and a fresh random salt. It
// fails with ErrBusy, with the context's error, and with ErrTooLong or ErrNUL
// where plain bcrypt is preferred. Django: make_password.
func (s *Hashers) Make(ctx context.Context, raw string) (Hash, error) {
	if err := s.accepts(raw); err != nil {
		return "", err
	}
	place, err := s.gate.enter(ctx, s.need(s.preferred, Cost{}))
	if err != nil {
		return "", err
	}
	defer place.leave()
	return place.encode(s.preferred, raw)
}

// Check reports whether raw is the password that h was made of. Whatever h is, a
// check that fails takes about as long as one Make, or longer where h is
// stronger than a new hash. The error is not nil only where nothing was found
// out: ErrBusy, the context's error, or an algorithm that this process may not
// run (FIPS mode). Django: check_password.
func (s *Hashers) Check(ctx context.Context, raw string, h Hash) (Verdict, error) {
	hasher, cost, reason := s.inspect(h)
	place, err := s.gate.enter(ctx, s.need(hasher, cost))
	if err != nil {
		return Verdict{}, err
	}
	defer place.leave()
	if reason == "" {
		ok, err := place.verify(hasher, raw, h)
		switch {
		case ok && err == nil:
			return Verdict{OK: true, MustUpdate: s.accepts(raw) == nil && s.mustUpdate(hasher, h)}, nil
		case err == nil:
			reason = ReasonMismatch
		case errors.Is(err, ErrMalformed):
			reason, cost = ReasonMalformed, Cost{}
		case errors.Is(err, ErrUnsupported):
			reason, cost = ReasonUnsupported, Cost{}
		default:
			return Verdict{}, fmt.Errorf("password: verify %s: %w", hasher.Algorithm(), err)
		}
	}
	s.harden(place, raw, s.target.Work-cost.Work)
	return Verdict{Reason: reason}, nil
}

// SelfTest reports whether PBKDF2-SHA256 by the SHA instructions of the processor is right: it
// returns an error if it does not compute what the standard library does. Then the standard
// library computes all hashes, in twice the time. It returns nil where the processor lacks the
// instructions. It takes less than a millisecond, once.
func (s *Hashers) SelfTest() error { return pbkdf2.SelfTest() }

// Dummy does the work of a Check and throws it away, for accounts that do not
// exist. It fails as Make does, ErrTooLong and ErrNUL excepted.
func (s *Hashers) Dummy(ctx context.Context, raw string) error {
	_, err := s.Check(ctx, raw, "")
	return err
}

// Identify is the configured hasher of a hash. Django: identify_hasher.
func (s *Hashers) Identify(h Hash) (hasher Hasher, ok bool) {
	if h == "" || len(h) > maxEncoded {
		return nil, false
	}
	hasher, ok = s.byName[algorithmOf(string(h))]
	return hasher, ok
}

// Look returns what a Check of the hash would find out of it before it looks at any password:
// in Reason why none can be right, and otherwise in MustUpdate whether a login would replace
// the hash. OK is false.
func (s *Hashers) Look(h Hash) Verdict {
	hasher, _, reason := s.inspect(h)
	if reason != "" {
		return Verdict{Reason: reason}
	}
	return Verdict{MustUpdate: s.mustUpdate(hasher, h)}
}

// Preferred is the hasher that makes new hashes.
func (s *Hashers) Preferred() Hasher { return s.preferred }

// inspect finds the hasher of a hash and what it takes, or the reason why there
// is nothing to compute.
func (s *Hashers) inspect(h Hash) (Hasher, Cost, Reason) {
	if h == "" || !h.Usable() {
		return nil, Cost{}, ReasonUnusable
	}
	hasher, ok := s.Identify(h)
	if !ok {
		return nil, Cost{}, ReasonUnknown
	}
	cost, err := hasher.Cost(h)
	switch {
	case errors.Is(err, ErrUnsupported):
		return nil, Cost{}, ReasonUnsupported
	case err != nil:
		return nil, Cost{}, ReasonMalformed
	case cost.Work > s.limit.Work || cost.Memory > s.limit.Memory:
		return nil, Cost{}, ReasonRefused
	}
	return hasher, cost, ""
}

// mustUpdate applies the policy to a hash that was verified.
func (s *Hashers) mustUpdate(hasher Hasher, h Hash) bool {
	if s.policy == Never {
		return false
	}
	name, preferred := hasher.Algorithm(), s.preferred.Algorithm()
	if name != preferred {
		return s.policy == Exact || stronger(preferred, name)
	}
	return s.preferred.MustUpdate(h, s.policy)
}

// harden does the work that a failed check did less than a Make would have.
func (s *Hashers) harden(p *place, raw string, missing time.Duration) {
	if missing <= 0 {
		return
	}
	if _, ok := s.preferred.(Hardener); ok {
		p.harden(s.preferred, raw, missing)
	} else if missing > s.target.Work/2 {
		_, _ = p.encode(s.preferred, raw)
	}
}

// need returns what a check of a hash of that cost, or a new hash, asks of the gate. The hasher
// is nil where there is nothing to compute but what is missing.
func (s *Hashers) need(hasher Hasher, cost Cost) need {
	n := need{memory: max(cost.Memory, s.target.Memory)}
	n.thread = !s.noThreads && max(cost.Work, s.target.Work) >= threadWork
	_, stored := hasher.(PBKDF2SHA256)
	_, preferred := s.preferred.(PBKDF2SHA256)
	n.pair = n.thread && preferred && (stored || hasher == nil) && pbkdf2.Accelerated()
	return n
}

// accepts asks whether the preferred hasher can take the password.
func (s *Hashers) accepts(raw string) error {
	if p, ok := s.preferred.(interface{ accepts(raw string) error }); ok {
		return p.accepts(raw)
	}
	return nil
}
