package hooks

import (
	"context"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

// Hooks are the points at which a program's functions are called. Each list is called in
// its order; a nil one costs nothing.
type Hooks struct {
	// SignedUp is about a user who was stored: by the sign-up page, a link, an invitation,
	// or auth.Service.CreateUser.
	SignedUp List
	// Confirmed is about a user who proved by a link that the email address is theirs: at
	// a sign-up, by an invitation sent to it, or as a new address.
	Confirmed List
	// LoggedIn is about a user who is signed in to the session of Event.Request. Django:
	// user_logged_in.
	LoggedIn List
	// LoggedOut is about the session of Event.Request, which is still there in Before.
	// Event.User is anonymous if nobody was signed in to it. Django: user_logged_out.
	LoggedOut List
	// LoginFailed is about credentials that no backend accepted. Event.User is nil. An
	// error of Before is what the visitor gets instead. Django: user_login_failed.
	LoginFailed List
	// PasswordChanged is about a user who got another password: by a change, a reset, a
	// rescue by the link of a notice, or a program.
	PasswordChanged List
	// EmailChanged is about a user who got another address; Event.OldEmail is the former.
	EmailChanged List
	// SessionEnded is about sessions that were ended from elsewhere: the one named by
	// Event.Session, or all but the present one if that is empty. A logout is LoggedOut.
	SessionEnded List
	// Closed is about a user who closes the account. Before comes first, so that it can
	// delete what refers to the user.
	Closed List
}

// Event is what a hook is told. Hooks share it and do not change it.
type Event struct {
	// User is whom it is about, as stored. See Hooks for what it is when nobody is known.
	User *database.User
	// Request is the request that caused it; nil where there is none or nobody passed it,
	// see WithRequest. Its body may have been read.
	Request *http.Request
	// LastLogin is when the user logged in before LoggedIn; zero at the first login.
	LastLogin time.Time
	// OldEmail is the address before EmailChanged.
	OldEmail string
	// Session is the ID of the session that ended, as in accounts.SessionInfo, or empty.
	Session string
	// Username and Extra are those of the credentials of LoginFailed. Values of Extra
	// whose names sound secret are replaced by stars. Do not log the username: people type
	// passwords there.
	Username string
	Extra    map[string]string
}

// Hook is a pair of functions; either may be nil.
type Hook struct {
	// Before is called in the transaction of the change, after its statements (those of
	// Closed come later) and before its commit: what it does with the context on the same database is committed or
	// rolled back with the change. An error undoes the change. If that is a [Refusal], the
	// visitor sees its sentence; any other error is handled as a failure of the store. It
	// is called again if the database has to repeat the transaction.
	//
	// A session is not part of the transaction. The Before of LoggedIn comes before the
	// session is stored, and its error signs nobody in; those of LoggedOut and
	// SessionEnded come before the session ends.
	Before func(ctx context.Context, e *Event) error
	// After is called once the change is committed. It holds the response up: start
	// what takes long in the background.
	After func(ctx context.Context, e *Event)
}

// List is what is called at one point, in order.
type List []Hook

// Transactor runs a function in a transaction that its context carries; a *database.DB is
// one.
type Transactor interface {
	Tx(ctx context.Context, fn func(ctx context.Context, tx *database.DB) error) error
}

// Run applies a change and calls Before in one transaction, and After once that is
// committed, also if it is part of a larger one. The change may be nil. Without a Before,
// and without db, it begins no transaction.
func (l List) Run(ctx context.Context, db Transactor, e *Event, change func(ctx context.Context) error) error {
	if err := l.transact(ctx, db, e, change); err != nil {
		return err
	}
	l.commit(ctx, e)
	return nil
}

// Around calls Before in a transaction, of its own or that of the context, then ends a
// session or an account, and then calls After, once a transaction of the context is
// committed.
func (l List) Around(ctx context.Context, db Transactor, e *Event, end func(ctx context.Context) error) error {
	if err := l.transact(ctx, db, e, nil); err != nil {
		return err
	}
	if err := end(ctx); err != nil {
		return err
	}
	l.commit(ctx, e)
	return nil
}

// transact applies a change, if there is one, and calls Before, in one transaction if there is
// a Before and a db.
func (l List) transact(
	ctx context.Context, db Transactor, e *Event, change func(ctx context.Context) error,
) error {
	both := func(ctx context.Context, _ *database.DB) error {
		if change != nil {
			if err := change(ctx); err != nil {
				return err
			}
		}
		return l.before(ctx, e)
	}
	if db == nil || !l.HasBefore() {
		return both(ctx, nil)
	}
	return db.Tx(ctx, both)
}

// commit calls After once the transaction of the context is committed, or at once.
func (l List) commit(ctx context.Context, e *Event) {
	if len(l) > 0 {
		database.OnCommit(ctx, func() { l.after(ctx, e) })
	}
}

// HasBefore reports whether a hook of the list has a Before.
func (l List) HasBefore() bool {
	for _, h := range l {
		if h.Before != nil {
			return true
		}
	}
	return false
}

func (l List) before(ctx context.Context, e *Event) error {
	for _, h := range l {
		if h.Before == nil {
			continue
		}
		if err := h.Before(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (l List) after(ctx context.Context, e *Event) {
	for _, h := range l {
		if h.After != nil {
			h.After(ctx, e)
		}
	}
}

// all are the lists of all points.
func (h *Hooks) all() [9]List {
	return [...]List{
		h.SignedUp, h.Confirmed, h.LoggedIn, h.LoggedOut, h.LoginFailed,
		h.PasswordChanged, h.EmailChanged, h.SessionEnded, h.Closed,
	}
}

// HasBefore reports whether any hook has a Before, which needs transactions.
func (h *Hooks) HasBefore() bool {
	for _, l := range h.all() {
		if l.HasBefore() {
			return true
		}
	}
	return false
}

type requestKey struct{}

// WithRequest returns the context of r with r in it, for Event.Request. The account pages
// pass it; a view of your own does so where it calls auth.Service.CreateUser or
// SetPassword and a hook wants the form.
func WithRequest(r *http.Request) context.Context {
	return context.WithValue(r.Context(), requestKey{}, r)
}

// RequestFromContext returns the request of WithRequest, or nil.
func RequestFromContext(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}
