package conformance_test

import "slices"

// An endingModel is what must be true of two users, of everything by which somebody is
// or could get in, and of the browsers that hold it. It knows nothing of Coatcheck but
// what the documentation promises.
type endingModel struct {
	lists          bool // the engine can list the sessions that it holds
	secret, oldest int  // the number of the secret key, and of the oldest one that verifies
	users          [2]*endingUser
	clients        []*endingClient
	tickets        []*ticket
	links          []*endingLink
	now            int // counts the links
}

// An endingUser is one user.
type endingUser struct {
	id, name  string
	addresses []string // that the account ever has, the owner's first
	password  string   // that opens the account; empty where none does
	former    []string // that ended
	pass      int      // counts the states of the stored password
	closed    bool     // no password opens the account at all
	active    bool
	email     string
	number    int  // counts the endings of all sessions
	since     bool // a login came after the last of them
	known     bool // there was a login
}

// An endingClient is a browser. Several may hold a copy of one cookie.
type endingClient struct {
	name   string
	cookie string
	device string // the cookie by which accounts know the browser
	logins []device
}

// A device is a login by which the account knows the browser from then on.
type device struct {
	user *endingUser
	mark mark
}

// maxDevices is how many logins the cookie has place for. One whose password ended has
// its place still, since the cookie names nobody.
const maxDevices = 5

// A mark is what something was made with: the password, and the secret key.
type mark struct{ pass, secret int }

// A ticket is a session that signed somebody in.
type ticket struct {
	mark
	key     string
	user    *endingUser
	stamped bool // it bears the number of the last ending as of its login
	number  int
	indexed bool // it was seen here
	gone    bool // from the store
	settled bool // it was found to be gone; the end of the walk looks again
}

// good reports whether what was made with the mark still is good for the user.
func (m *endingModel) good(of mark, u *endingUser) bool {
	return of.pass == u.pass && of.secret >= m.oldest
}

func (m *endingModel) mark(u *endingUser) mark { return mark{u.pass, m.secret} }

// knows reports whether a user knows the browser of a client, and where in its cookie.
func (m *endingModel) knows(c *endingClient, u *endingUser) (at int, known bool) {
	at = slices.IndexFunc(c.logins, func(d device) bool { return d.user == u && m.good(d.mark, u) })
	return at, at >= 0
}

// learn lets the user know the browser of a client from now on.
func (m *endingModel) learn(c *endingClient, u *endingUser) {
	if at, known := m.knows(c, u); known {
		c.logins = slices.Delete(c.logins, at, at+1)
	}
	c.logins = slices.Insert(c.logins, 0, device{u, m.mark(u)})
	c.logins = c.logins[:min(len(c.logins), maxDevices)]
}

// holds reports whether a session is good here for its user, who may be inactive.
func (m *endingModel) holds(t *ticket) bool {
	if t == nil || t.gone || !m.good(t.mark, t.user) {
		return false
	}
	if t.stamped {
		return t.number == t.user.number
	}
	return t.user.number == 0 || t.user.since
}

// here reports whether a session signs its user in here.
func (m *endingModel) here(t *ticket) bool { return m.holds(t) && t.user.active }

// there reports whether a session signs its user in at the Django. That knows no number.
func (m *endingModel) there(t *ticket) bool {
	return t != nil && !t.gone && m.good(t.mark, t.user) && t.user.active
}

// lookHere is a request here: it renews what an old key made, the index has the session
// from then on, and one that is not good any more ends.
func (m *endingModel) lookHere(t *ticket) bool {
	in := m.here(t)
	if in {
		t.secret, t.indexed = m.secret, true
	} else if t != nil {
		t.gone = true
	}
	return in
}

// lookThere is a request at the Django, after which the session may have another key. A
// session of an inactive user stays.
func (m *endingModel) lookThere(t *ticket, key string) bool {
	in := m.there(t)
	switch {
	case in && t.secret < m.secret:
		t.secret = m.secret
		m.move(t, key)
		t.indexed = false
	case t != nil && !m.good(t.mark, t.user):
		t.gone = true
	}
	return in
}

// move returns a session another key. With the old one nobody is in.
func (m *endingModel) move(t *ticket, key string) {
	if key == "" || key == t.key {
		return
	}
	m.tickets = append(m.tickets, &ticket{key: t.key, user: t.user, gone: true})
	t.key = key
}

// ticket is the session with a key.
func (m *endingModel) ticket(key string) *ticket {
	for _, t := range m.tickets {
		if t.key == key && key != "" {
			return t
		}
	}
	return nil
}

// enter is a login of the user that left the client with that cookie. The session that
// it had before goes on or is gone.
func (m *endingModel) enter(u *endingUser, before *ticket, key string) *ticket {
	u.since, u.known = true, true
	if before != nil && before.key == key {
		return before
	}
	if before != nil {
		before.gone = true
	}
	t := &ticket{mark: m.mark(u), key: key, user: u}
	m.tickets = append(m.tickets, t)
	return t
}

// end ends all sessions of the user but one, and returns how many that must be reported.
// A store that cannot list what it holds keeps those that were never seen here: they are
// good no more here, but at a Django.
func (m *endingModel) end(u *endingUser, keep *ticket) (count int) {
	for _, t := range m.tickets {
		if t.user != u || t == keep || t.gone || !m.lists && !t.indexed {
			continue
		}
		if m.holds(t) {
			count++
		}
		t.gone = true
	}
	m.endNumber(u)
	if keep != nil {
		keep.stamped, keep.number = true, u.number
	}
	return count
}

// endNumber is the part of an ending that ends sessions here, wherever they are.
func (m *endingModel) endNumber(u *endingUser) {
	u.number++
	u.since = false
}

// setPassword returns the user another password, or none that anybody knows.
func (u *endingUser) setPassword(raw string) {
	if u.password != "" {
		u.former = append(u.former, u.password)
	}
	u.password = raw
	u.pass++
}

// The kinds of links.
const (
	linkConfirm = "email/confirm"
	linkNotMe   = "not-me"
	linkReset   = "reset"
)

// An endingLink is a link of an email.
type endingLink struct {
	mark
	kind, path string
	user       *endingUser
	to         string // the mailbox that got it
	at         int    // when
	old        string // the address of the account then
	login      int64  // the second of the user's last login then
	dead       bool   // used, or ended for good
	settled    bool   // it was found to be dead; the end of the walk looks again
}

// over reports whether a link ended for good.
func (m *endingModel) over(l *endingLink) bool {
	return l.dead || l.secret < m.oldest || l.kind != linkNotMe && l.pass != l.user.pass
}

// opens reports whether a link opens.
func (m *endingModel) opens(l *endingLink, login int64) bool {
	switch {
	case m.over(l):
		return false
	case l.kind == linkConfirm:
		return l.user.active
	case l.kind == linkReset:
		return l.old == l.user.email && l.login == login
	}
	return true
}

// endLinks ends the user's links of these kinds for good.
func (m *endingModel) endLinks(u *endingUser, kinds ...string) {
	for _, l := range m.links {
		for _, kind := range kinds {
			l.dead = l.dead || l.user == u && l.kind == kind
		}
	}
}

// rescue is what a link "this wasn't me" does. It returns what must be reported: how many
// sessions ended, where a link to a new password goes, and which address comes back.
func (m *endingModel) rescue(by *endingLink) (ended int, mailbox, address string) {
	u := by.user
	ended = m.end(u, nil)
	if u.active && !u.closed {
		mailbox = by.to
	}
	if u.active && u.email != by.to {
		address, u.email = by.to, by.to
	}
	u.setPassword("")
	m.endLinks(u, linkConfirm)
	for _, l := range m.links {
		if l.user == u && l.kind == linkNotMe && l.to != by.to && l.at > by.at {
			l.dead = true
		}
	}
	by.dead = true
	return ended, mailbox, address
}
