package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/sessions"
)

// pendingLife is how long a login waits for its next step.
const pendingLife = 15 * time.Minute

// ErrNoPending means that no login waits for a step in this session, or not any more.
var ErrNoPending = errors.New("auth: no login waits for a step in this session")

// Proof is something that a user has shown at a login, and when.
type Proof struct {
	// Method is how: "password", or a name that a Factor gave.
	Method string    `json:"method"`
	At     time.Time `json:"at"`
	// Origin is where the login began, for the method that looks at it later: which session of an
	// OpenID provider, for instance. The session keeps that of the first proof. It holds no secret.
	Origin string `json:"origin,omitempty"`
}

// Factor is a step that a login may need after its first proof: a code, or the consent to
// new terms. A program adds its own by Config.Factors.
type Factor interface {
	// Name is the Method of its proof.
	Name() string
	// Wanted reports whether the user has to take the step, given the proofs so far. The
	// request is that of hooks.RequestFromContext. An error is a failure, which signs
	// nobody in.
	Wanted(ctx context.Context, user *User, have []Proof) (bool, error)
	// URL is the page of the step, a path of this site. The page calls Continue, and
	// then Prove and Complete.
	URL() string
}

// Pending is a login that has begun. It signs nobody in, here or at a Django beside,
// before Complete.
type Pending struct {
	User   *User
	Proofs []Proof
	// Next is the step to be taken next, or nil when Complete can be called.
	Next Factor

	judged *User // the user of whom the factors said what Next is
}

// StepError means that a login waits for a step. The response is a redirect to
// Step.URL, or 403, as middleware.Fail does.
type StepError struct{ Step Factor }

// Error names the step.
func (e *StepError) Error() string {
	return fmt.Sprintf("auth: the login waits for the step %q at %s", e.Step.Name(), e.Step.URL())
}

// Sentence informs the visitor what is missing; it is a key of i18n.
func (*StepError) Sentence() string { return i18n.Mark("Your login needs one more step.") }

// pending is what the session keeps of a Pending.
type pending struct {
	User    string    `json:"user"`
	Backend string    `json:"backend"`
	Hash    string    `json:"hash"` // the session auth hash, so that it ends with the password
	Ending  int64     `json:"ending"`
	At      time.Time `json:"at"`
	Proofs  []Proof   `json:"proofs"`
}

// Begin begins a login of a user whose first proof was good. If a Factor is wanted, the
// session keeps the login until Complete, for 15 minutes, and no longer than the user's
// password stays the same. The error is that of Login.
func (s *Service) Begin(r *http.Request, user *User, first Proof) (*Pending, error) {
	if !user.IsAuthenticated() {
		return nil, errors.New("auth: an anonymous user cannot be signed in")
	}
	if len(s.factors) > 0 { // nobody is asked for a step in vain; Complete looks in any case
		if err := s.mayLogin(r.Context(), user); err != nil {
			s.recordRefused(r.Context(), user, err)
			return nil, err
		}
	}
	p := &Pending{User: user}
	err := s.Prove(r, p, first)
	s.recordRefused(r.Context(), user, err)
	return p, err
}

// UserToLogin returns an active user by the ID, for a login by another proof than a password: by
// the first backend that knows the user. The error is ErrNoUser, which may be ErrInactive, or a
// failure of a store.
func (s *Service) UserToLogin(ctx context.Context, id string) (*User, error) {
	for _, b := range s.backends {
		user, err := b.User(ctx, id)
		if errors.Is(err, ErrNoUser) && !errors.Is(err, ErrInactive) {
			continue
		}
		if err == nil && !user.IsActive { // of a backend that accepts them
			err = ErrInactive
		}
		if err != nil {
			return nil, err
		}
		user.Backend = b.Name()
		return user, nil
	}
	return nil, ErrNoUser
}

// Prove adds a proof to a login, and finds out which step is next.
func (s *Service) Prove(r *http.Request, p *Pending, proof Proof) error {
	if proof.At.IsZero() {
		proof.At = time.Now()
	}
	p.Proofs = append(p.Proofs, proof)
	if err := s.next(r, p); err != nil || p.Next == nil {
		return err
	}
	flow.Emit(r.Context(), "login.waits", slog.String("step", p.Next.Name()))
	return s.keep(r.Context(), p)
}

// next finds the first factor that is wanted.
func (s *Service) next(r *http.Request, p *Pending) error {
	ctx := hooks.WithMemory(hooks.WithRequest(r)) // so that two factors read what both need once
	p.Next, p.judged = nil, nil
	for _, f := range s.factors {
		wanted, err := f.Wanted(ctx, p.User, p.Proofs)
		if err != nil {
			return fmt.Errorf("auth: factor %q: %w", f.Name(), err)
		}
		if wanted {
			p.Next = f
			break
		}
	}
	p.judged = p.User
	return nil
}

// keep stores a login that waits, under another session key, so that nobody who planted
// the old one in this browser has the login too.
func (s *Service) keep(ctx context.Context, p *Pending) error {
	_, session, err := parts(ctx)
	if err != nil {
		return err
	}
	backend, err := s.backendOf(p.User)
	if err != nil {
		return err
	}
	ending, err := s.lastEnding(ctx, p.User)
	if err != nil {
		return err
	}
	if err := session.Renew(ctx); err != nil {
		return err
	}
	return session.Set(ctx, sessionkeys.Pending, pending{
		User: p.User.ID, Backend: backend, Hash: s.SessionAuthHash(p.User), Ending: ending, At: p.Proofs[0].At, Proofs: p.Proofs,
	})
}

// Continue returns the login that waits in the session of the request, for the page of
// its next step. The error is ErrNoPending if there is none, because it took too long, the
// password was changed, or the sessions of the user were ended; else a failure of a store.
func (s *Service) Continue(r *http.Request) (*Pending, error) {
	if len(s.factors) == 0 {
		return nil, ErrNoPending
	}
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	text, there, err := session.Get(ctx, sessionkeys.Pending)
	if err != nil {
		return nil, err
	}
	var kept pending
	if !there || json.Unmarshal([]byte(text), &kept) != nil || len(kept.Proofs) == 0 || time.Since(kept.At) > pendingLife {
		return nil, ErrNoPending
	}
	backend := s.backend(kept.Backend)
	if backend == nil {
		return nil, ErrNoPending
	}
	user, err := backend.User(ctx, kept.User)
	if errors.Is(err, ErrNoUser) {
		return nil, ErrNoPending
	}
	if err != nil {
		return nil, err
	}
	ending, err := s.lastEnding(ctx, user)
	if err != nil {
		return nil, err
	}
	if s.matchHash(kept.Hash, user.Password) == hashDiffers || ending > kept.Ending {
		return nil, ErrNoPending
	}
	user.Backend = kept.Backend
	p := &Pending{User: user, Proofs: kept.Proofs}
	return p, s.next(r, p)
}

// Complete signs the user of a login in, when all steps are taken; otherwise it returns a
// *StepError. It does all that belongs to a login: see Login.
func (s *Service) Complete(r *http.Request, p *Pending) error {
	if !p.User.IsAuthenticated() {
		return errors.New("auth: an anonymous user cannot be signed in")
	}
	if p.judged != p.User { // a Pending that neither Begin nor Continue made
		if err := s.next(r, p); err != nil {
			return err
		}
	}
	if p.Next != nil {
		return &StepError{p.Next}
	}
	if err := s.login(r, p.User); err != nil {
		return err
	}
	if err := keepOrigin(r.Context(), p); err != nil {
		return err
	}
	if len(s.factors) == 0 {
		return nil
	}
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	if _, err := session.Delete(ctx, sessionkeys.Pending); err != nil {
		return err
	}
	if !p.tells() {
		_, err := session.Delete(ctx, sessionkeys.Proofs)
		return err
	}
	return session.Set(ctx, sessionkeys.Proofs, p.Proofs)
}

// keepOrigin stores where the login of a session began, in place of what an earlier one said.
func keepOrigin(ctx context.Context, p *Pending) error {
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	if len(p.Proofs) == 0 || p.Proofs[0].Origin == "" {
		_, err := session.Delete(ctx, sessionkeys.Origin)
		return err
	}
	return session.Set(ctx, sessionkeys.Origin, p.Proofs[0].Origin)
}

// tells reports whether the proofs say more than every login does: they are several, or the only one
// is no password.
func (p *Pending) tells() bool {
	if len(p.Proofs) != 1 {
		return len(p.Proofs) > 1
	}
	switch p.Proofs[0].Method {
	case "password", "login":
		return false
	}
	return true
}

// Proofs returns what the user of the request has shown at the login, in order, and by
// ProveAgain since. It is empty for a login by a password alone, or by Login, and for a session
// that a Django made.
func (s *Service) Proofs(ctx context.Context) ([]Proof, error) {
	user, err := UserFromContext(ctx)
	if err != nil || !user.IsAuthenticated() {
		return nil, err
	}
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	text, there, err := session.Get(ctx, sessionkeys.Proofs)
	if err != nil || !there {
		return nil, err
	}
	var proofs []Proof
	if json.Unmarshal([]byte(text), &proofs) != nil { // of another program
		return nil, nil
	}
	return proofs, nil
}
