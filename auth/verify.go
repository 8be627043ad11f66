package auth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// Identity is what a session means at the moment: see Verify.
type Identity struct {
	// User is the user who is signed in, or an anonymous one; never nil.
	User *User
	// UserID is the user whom the session names, whether signed in or not; or empty.
	UserID string
	// Backend is the backend that the session names, or empty.
	Backend string
	// Proofs are what the user showed at the login, in order, and by ProveAgain since. They are
	// empty for a login that took no step, and for a session that a Django made.
	Proofs []Proof
	// LoggedIn is the last login in this session, or the last proof since. It is zero if the session
	// does not say, as is usual: see KeepLoginTimes and SessionMaxAge.
	LoggedIn time.Time
	// Expires is when the session ends by itself, or zero if its store cannot tell.
	Expires time.Time
}

// Verify returns what a session means right now, and the code of the reason, from the table
// of package flow. Somebody is signed in if and only if the code is "user.found" or
// "user.found_by_old_key". If not, it is
//
//   - "session.none", "session.missing", which a cookie that was not signed here is too, and an
//     expired session where the store cannot tell, "session.expired", "session.bad_signature" or
//     "session.corrupt": there is no such session;
//   - "user.anonymous": the session names no user;
//   - "user.backend_unknown", "user.gone", "user.inactive": there is no such user here;
//   - "user.hash_mismatch": the password was changed after the login;
//   - "user.ended": the session was ended with the others of the user;
//   - "user.too_old": it is older than Config.SessionMaxAge.
//
// The user of a request is found the same way, unless the session is bound to another device: that
// is "user.device_unbound", which Verify does not look at. The session may also be one that belongs to no
// request, such as sessions.Engine.Session(key). Verify changes nothing that is stored.
// The error is a failure of the store, for which there is no code.
func (s *Service) Verify(ctx context.Context, session *sessions.Session) (Identity, flow.Code, error) {
	id, code, err := s.whose(ctx, session, nil)
	if err == nil {
		id.read(session)
	}
	return id, code, err
}

// whose is Verify without what only its callers want to know. A judge has the last word about the
// code of a user who is signed in; nil has none.
func (s *Service) whose(
	ctx context.Context, session *sessions.Session,
	judge func(context.Context, *sessions.Session, flow.Code) flow.Code,
) (Identity, flow.Code, error) {
	var id Identity
	state, err := session.State(ctx)
	if err != nil {
		return Identity{User: AnonymousUser()}, "", err
	}
	v := sessionkeys.Loaded(session)
	id.UserID = sessionkeys.UserOf(v)
	id.Backend, _ = sessionkeys.Text(v, sessionkeys.Backend)
	user, code, err := s.verify(ctx, session, id.UserID, id.Backend)
	if err == nil && user == nil && id.UserID != "" {
		again, err := session.Reread(ctx)
		switch {
		case errors.Is(err, sessions.ErrInterrupted):
			code = "user.ended"
		case err != nil:
			return Identity{User: AnonymousUser()}, "", err
		case again:
			return s.whose(ctx, session, judge)
		}
	}
	if err != nil {
		return Identity{User: AnonymousUser()}, "", err
	}
	if id.User = user; user == nil {
		id.User = AnonymousUser()
	}
	if code == "user.anonymous" && state != "session.loaded" {
		code = state
	}
	if judge != nil {
		code = judge(ctx, session, code)
	}
	emitVerified(ctx, code, id)
	return id, code, nil
}

// read copies what a session that was loaded says.
func (id *Identity) read(session *sessions.Session) {
	v := sessionkeys.Loaded(session)
	id.Expires = session.Expires()
	if text, ok := v.Get(sessionkeys.Proofs); ok && json.Unmarshal([]byte(text), &id.Proofs) != nil {
		id.Proofs = nil // of another program
	}
	for _, key := range [...]string{sessionkeys.LoginTime, sessionkeys.Began} {
		text, _ := v.Get(key)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n != 0 {
			id.LoggedIn = time.Unix(max(n, -n), 0)
			return
		}
	}
}

// emitVerified reports to the flow who a session is.
func emitVerified(ctx context.Context, code flow.Code, id Identity) {
	if !flow.On(ctx) {
		return
	}
	switch code {
	case "user.anonymous":
		flow.Emit(ctx, "user.anonymous")
	case "session.none", "session.missing", "session.expired", "session.bad_signature", "session.corrupt":
		flow.Emit(ctx, "user.anonymous", slog.String("because", string(code)))
	case "user.backend_unknown":
		flow.Emit(ctx, code, slog.String("backend", id.Backend))
	case "user.found", "user.found_by_old_key":
		flow.Emit(ctx, code, slog.String("user", id.UserID), slog.String("backend", id.Backend))
	default:
		flow.Emit(ctx, code, slog.String("user", id.UserID))
	}
}

// verify is Django's get_user: from session to user, by way of the backend and the session
// auth hash. The user is nil if nobody is signed in, as the code says.
func (s *Service) verify(
	ctx context.Context, session *sessions.Session, id, name string,
) (*User, flow.Code, error) {
	if id == "" || name == "" {
		return nil, "user.anonymous", nil
	}
	backend := s.backend(name)
	if backend == nil {
		s.unknown.warn(ctx, s.log, name)
		return nil, "user.backend_unknown", nil
	}
	if s.outlived(session) {
		return nil, "user.too_old", nil
	}
	user, err := backend.User(session.Along(ctx), id)
	switch {
	case errors.Is(err, ErrInactive):
		return nil, "user.inactive", nil
	case errors.Is(err, ErrNoUser):
		return nil, "user.gone", nil
	case err != nil:
		return nil, "", err
	}
	user.Backend = name
	code, err := s.checkHash(ctx, session, user)
	if err != nil || code != "user.found" && code != "user.found_by_old_key" {
		return nil, code, err
	}
	return user, code, nil
}

// checkHash returns the code of a user whose password still is that of the login, in a session
// that has not ended with the others of the user; or the code of the reason why not.
func (s *Service) checkHash(ctx context.Context, session *sessions.Session, user *User) (flow.Code, error) {
	stored, _ := sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Hash)
	match := s.matchHash(stored, user.Password)
	if match == hashDiffers {
		return "user.hash_mismatch", nil
	}
	over, err := s.over(ctx, session, user)
	if over && err == nil { // or it is the one that stays, and was read before it was stamped
		if err = session.Reload(ctx); err == nil {
			over, err = s.over(ctx, session, user)
		}
	}
	switch {
	case errors.Is(err, sessions.ErrInterrupted):
		return "user.ended", nil
	case err != nil:
		return "", err
	case over:
		return "user.ended", nil
	case match == hashFallback:
		return "user.found_by_old_key", nil
	}
	return "user.found", nil
}
