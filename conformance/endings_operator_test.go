package conformance_test

import (
	"net/http"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/database"
	owntables "github.com/coatcheck/coatcheck/database/own"
)

// tryEnding is an ending of the user, which reports whether it was done and how many
// sessions it ended. The store may fail in its middle; then the same is done again, and
// must succeed. The number of the user shows how far the first try came.
func (s *endingStep) tryEnding(u *endingUser, keep *ticket, try func() (ok bool, ended int)) (ended int) {
	s.Helper()
	failAt := rapid.IntRange(-12, 12).Draw(s.T, "the store fails at")
	before := s.lastEnding(u)
	s.store.left.Store(int64(max(-1, failAt)))
	ok, ended := try()
	s.store.left.Store(-1)
	if ok {
		return ended
	}
	if failAt < 0 {
		s.Fatalf("an ending failed, and the store did not")
	}
	if s.lastEnding(u) != before {
		s.endNumber(u)
		if keep != nil {
			keep.stamped, keep.number = true, u.number
		}
	}
	if ok, ended = try(); !ok {
		s.Fatalf("the same again fails, though the store is back")
	}
	return ended
}

// lastEnding is the number of the last ending, as stored.
func (s *endingStep) lastEnding(u *endingUser) int64 {
	s.Helper()
	n, err := owntables.New(s.own.db).Ending(s.t.Context(), u.id)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return n
}

// ended checks how many sessions an ending reported.
func (s *endingStep) ended(got, want int) {
	s.Helper()
	if got != want {
		s.Fatalf("%d sessions are reported as ended, want %d", got, want)
	}
	s.taken["sessions that ended"] += got
	s.checkAll(false)
}

// press is a POST that is an ending.
func (s *endingStep) press(c *endingClient, path string, answer *fields) func() (ok bool, ended int) {
	return func() (bool, int) {
		status, got := s.post(c, path, fields{})
		*answer = got
		if status == http.StatusServiceUnavailable {
			return false, 0
		}
		s.wants(path, status, http.StatusOK, got)
		return true, int(got["ended"].(float64))
	}
}

func (s *endingStep) endOthers() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	s.lookHere(t)
	var answer fields
	ended := s.tryEnding(t.user, t, s.press(c, "/accounts/sessions/end-others/", &answer))
	s.ended(ended, s.end(t.user, t))
}

func (s *endingStep) notMe() {
	l := s.aLink(linkNotMe)
	if l == nil {
		return
	}
	if !s.opens(l, 0) {
		status, answer := s.post(nil, l.path, fields{})
		s.wants("a link of a notice that ended", status, http.StatusGone, answer)
		return
	}
	u := l.user
	var answer fields
	ended := s.tryEnding(u, nil, s.press(nil, l.path, &answer))
	want, mailbox, address := s.rescue(l)
	if answer["mailbox"] != mailbox || answer["address"] != address {
		s.Fatalf("the rescue by %s: %v, want a link to %q and the address %q", l.to, answer, mailbox, address)
	}
	s.expect(u, sentMail{kind: linkReset, to: mailbox})
	s.ended(ended, want)
}

func (s *endingStep) closeAccount() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	u := t.user
	status, answer := s.post(c, "/accounts/close/", fields{"password": u.password, "understand": true})
	s.wants("close the account", status, http.StatusOK, answer)
	t.gone = true
	s.endNumber(u)
	s.endLinks(u, linkConfirm, linkNotMe)
	u.setPassword("")
	goodbye := sentMail{to: u.email}
	u.active, u.closed, u.email = false, true, ""
	s.expect(u, goodbye)
	s.checkAll(false)
}

// endMeanwhile: an ending comes in the middle of a request that writes to its session,
// or gives it another key.
func (s *endingStep) endMeanwhile() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	s.lookAt(c, t) // so that the index has it
	by := oneOf(s, "by", s.clients)
	keep := s.ticket(by.cookie)
	if !s.here(keep) || keep.user != t.user {
		keep = nil // it is by an operator
	}
	path, op := "/twin/session/", "update"
	if rapid.Bool().Draw(s.T, "cycle") {
		path, op = "/twin/cycle/", "move"
	}
	happened, ended := false, 0
	s.store.before = map[string]func(){op: func() {
		happened = true
		if keep != nil {
			_, ended = s.press(&endingClient{cookie: keep.key}, "/accounts/sessions/end-others/", new(fields))()
			return
		}
		n, err := s.site.Accounts.EndSessions(s.t.Context(), s.stored(t.user), nil)
		if ended = n; err != nil {
			s.Fatalf("%v", err)
		}
	}}
	status, answer := s.post(c, path, fields{"item": s.steps})
	if !happened {
		s.Fatalf("%s did not %s: %d %v", path, op, status, answer)
	}
	if keep != nil {
		s.lookHere(keep)
	}
	want := s.end(t.user, keep)
	if t == keep {
		s.wants("a request of the session that stays", status, http.StatusOK, answer)
		s.move(t, c.cookie)
	} else {
		s.wants("a request whose session was ended meanwhile", status, http.StatusBadRequest, answer)
		s.tickets = append(s.tickets, &ticket{key: c.cookie, user: t.user, gone: true})
	}
	s.ended(ended, want)
}

// endAll is what an operator does by coatcheck logout.
func (s *endingStep) endAll() {
	u := s.anyUser()
	ended := s.tryEnding(u, nil, func() (bool, int) {
		n, err := s.site.Accounts.EndSessions(s.t.Context(), s.stored(u), nil)
		return err == nil, n
	})
	s.ended(ended, s.end(u, nil))
}

func (s *endingStep) deactivate() {
	u := s.anyUser()
	ended := s.tryEnding(u, nil, func() (bool, int) {
		n, err := s.site.Accounts.Deactivate(s.t.Context(), s.stored(u), nil)
		return err == nil, n
	})
	u.active = false
	s.endLinks(u, linkConfirm, linkNotMe)
	s.ended(ended, s.end(u, nil))
}

// deactivateThere: a Django ends nothing. Sessions that are used here before then end.
func (s *endingStep) deactivateThere() {
	u := s.anyUser()
	status, answer := s.postDjango(nil, "/twin/active/", fields{"username": u.name, "active": false})
	s.wants("deactivate at the Django", status, http.StatusOK, answer)
	u.active = false
}

func (s *endingStep) activate() { s.open(s.anyUser()) }

// open activates a user. One whose account was closed, or who lost the password,
// begins anew.
func (s *endingStep) open(u *endingUser) {
	s.update(u, func(user *database.User) { user.IsActive = true })
	u.active = true
	if u.email == "" {
		s.update(u, func(user *database.User) { user.Email = u.addresses[0] })
		u.email = u.addresses[0]
	}
	if u.password == "" {
		s.giveNewPassword(u)
	}
}

func (s *endingStep) update(u *endingUser, change func(*database.User)) {
	s.Helper()
	user := s.stored(u)
	change(user)
	if err := s.own.db.UpdateUser(s.t.Context(), user); err != nil {
		s.Fatalf("%v", err)
	}
}

func (s *endingStep) giveNewPassword(u *endingUser) {
	s.Helper()
	raw := s.newPassword()
	if err := s.site.Auth.SetPassword(s.t.Context(), s.stored(u), raw); err != nil {
		s.Fatalf("%v", err)
	}
	u.setPassword(raw)
	u.closed = false
}

// setPassword is what an operator does by coatcheck changepassword.
func (s *endingStep) setPassword() {
	s.giveNewPassword(s.anyUser())
	s.checkAll(false)
}

// setAddress is what an operator does in the database.
func (s *endingStep) setAddress() {
	u := s.anyUser()
	email := oneOf(s, "email", u.addresses)
	s.update(u, func(user *database.User) { user.Email = email })
	u.email = email
}

// rotateKey: two former keys verify still, where the Django has a place for them.
func (s *endingStep) rotateKey() {
	fallbacks := 2
	if s.p.version < "4.1" {
		fallbacks = 0
	}
	s.rotate(s, fallbacks)
	s.secret, s.oldest = s.key, max(s.oldest, s.key-fallbacks)
	s.checkAll(false)
}

// forgetKeys: no former key verifies any more. What was used since the rotation stays.
func (s *endingStep) forgetKeys() {
	s.use(s, s.keys[:1])
	s.oldest = s.key
	s.checkAll(false)
}

// loseIndex: the table is empty, as after a restore, and Coatcheck starts anew.
func (s *endingStep) loseIndex() {
	if err := s.site.Accounts.Flush(s.t.Context()); err != nil {
		s.Fatalf("%v", err)
	}
	s.own.exec("DELETE FROM coatcheck_session")
	s.restart(s)
	for _, t := range s.tickets {
		t.indexed = false
	}
}

// clean is what Site.Run does about once an hour. It may find sessions for the index.
func (s *endingStep) clean() {
	if err := s.site.Accounts.Clean(s.t.Context()); err != nil {
		s.Fatalf("%v", err)
	}
}
