package coatcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/memory"
	"github.com/coatcheck/coatcheck/views"
)

// Site is the five layers, wired. Its fields are the layers themselves. The guards of Access
// are its methods as well: site.RequireUser(h), site.API().RequirePermission("polls.add_poll")(h).
type Site struct {
	Database *database.DB     // 1
	Sessions *sessions.Engine // 2
	// Memory is nil unless Config.Sessions.Memory is set.
	Memory *memory.Memory
	Auth   *auth.Service // who
	// Accounts is nil where the database lacks a table that it needs, because it was opened
	// with NoCreate and coatcheck migrate was not run.
	Accounts *accounts.Service
	// TwoFactor is nil where the database lacks its tables, likewise.
	TwoFactor      *twofactor.Service
	Views          *views.Views // 4, to be mounted at /accounts/
	*access.Access              // 5

	chain    func(http.Handler) http.Handler // 3
	messages func(http.Handler) http.Handler
	notices  *messages.Service
	log      *slog.Logger

	own          *own.Store
	audit        *audit.Log // nil where nothing is recorded
	brand        *brand.Brand
	cookiePath   string
	throttleRows bool // attempts are counted in the database
}

// MinSecretKey is the least length of a secret key. Django warns below 50
// characters (security.W009).
const MinSecretKey = 32

// New checks the configuration and wires a site. It makes no query, since opening the database
// found out what it asks for, and it starts nothing: see Run.
func New(c Config) (*Site, error) {
	switch {
	case c.Database == nil:
		return nil, errors.New("coatcheck: no database given; set Config.Database, for instance to what " +
			"sqlite.Open returns")
	case c.Keys.Secret == "":
		return nil, errors.New("coatcheck: no secret key given; set Config.Keys.Secret to a long random text " +
			"that stays the same, or to the SECRET_KEY of your Django site")
	case len(c.Keys.Secret) < MinSecretKey:
		return nil, fmt.Errorf("coatcheck: the secret key has %d characters; it needs %d at least",
			len(c.Keys.Secret), MinSecretKey)
	}
	if c.Site.Logger == nil {
		c.Site.Logger = slog.Default()
	}
	site := &Site{Database: c.Database, own: own.New(c.Database), log: c.Site.Logger}
	site.cookiePath = cmp.Or(c.Sessions.CookiePath, below(&c, "/"))
	for _, wire := range []func(*Config) error{
		site.look, site.wireBrand, site.wireSessions, site.wireTwoFactor, site.wireAuth, site.wireMiddleware,
		site.wireMessages, site.wireAccounts, site.wireViews, site.wireAccess,
	} {
		if err := wire(&c); err != nil {
			return nil, err
		}
	}
	return site, nil
}

// CookiePath is the path of the session's cookie: "/" unless Sessions.CookiePath or ScriptName
// says another.
func (s *Site) CookiePath() string { return s.cookiePath }

// Handler wraps the program's handler, usually a mux, with the middleware: the
// guard, the session and the user of each request.
func (s *Site) Handler(h http.Handler) http.Handler { return s.chain(h) }

// Messages wraps handlers that add or show one-time notices by the package messages. It
// belongs inside Handler:
//
//	http.ListenAndServe(addr, site.Handler(site.Messages(mux)))
func (s *Site) Messages(h http.Handler) http.Handler { return s.messages(h) }

// housekeeping is how often Run removes expired sessions, give or take a tenth,
// so that the nodes of a site do not all do it at once.
const housekeeping = time.Hour

// Run does the housekeeping until ctx is done: it removes expired sessions from
// the store and what was counted of attempts to log in and means nothing any more,
// keeps the list of where users are signed in, and sends the emails. Any number of
// nodes may run it. A program may instead call Sessions.ClearExpired and
// own.Store.DeleteIdleThrottles when it likes, or leave the sessions to coatcheck
// clearsessions, and Accounts.Run for the rest. It returns nil when ctx is done.
func (s *Site) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer func() { _ = s.audit.Flush(context.WithoutCancel(ctx)) }() // the log tells
	defer working.Wait()
	if s.Memory != nil {
		working.Go(func() { s.Memory.Run(ctx) })
	}
	if s.Accounts != nil {
		working.Go(func() { _ = s.Accounts.Run(ctx) }) // nil, always
	}
	for {
		s.clean(ctx, "expired sessions", s.Sessions.ClearExpired)
		s.clean(ctx, "idle counts of attempts", s.clearThrottles)
		s.clean(ctx, "old events of the audit log", s.audit.Clean)
		pause := housekeeping + time.Duration(rand.Int64N(int64(housekeeping/5))) - housekeeping/10
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
