package conformance_test

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSharedThrottle runs docs/coatcheck_throttle.py in a live Django: guesses at
// its admin and at Coatcheck come from one budget.
func TestSharedThrottle(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		if version < "5" {
			t.Skip("5.2 and 6.1 are enough")
		}
		for _, db := range testenv.Databases(t) {
			t.Run(db.Engine, func(t *testing.T) {
				p := pair{own: newOwn(t, db), django: newTwin(t, version, db, "THROTTLE=1"), db: db}
				for _, name := range []string{"ada", "bea", "cora", "dora"} {
					coatcheckCommand(t, db, []string{"DJANGO_SUPERUSER_PASSWORD=" + somePassword},
						"createsuperuser", "--noinput", "--username", name, "--email", name+"@example.com")
				}
				p.django.Start()
				sharedBudget(t, p)
				sharedReset(t, p)
				sharedDevice(t, p)
				sharedSpelling(t, p)
			})
		}
	})
}

// adminLogin posts the form of the admin's login page: 302 is in, 200 is not.
func (p pair) adminLogin(b *browser, name, password string) int {
	b.t.Helper()
	token := csrfField.FindStringSubmatch(b.get(p.django.URL("/admin/login/")).body)
	if token == nil {
		b.t.Error("no token in the admin's login form")
		return 0
	}
	response, err := b.client.PostForm(p.django.URL("/admin/login/"), url.Values{
		"csrfmiddlewaretoken": {token[1]}, "username": {name}, "password": {password}, "next": {"/admin/"},
	})
	if err != nil {
		b.t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func (p pair) ownLogin(b *browser, name, password string) int {
	b.t.Helper()
	return b.post(p.own.URL("/accounts/login/"), fields{"username": name, "password": password}).status
}

// sharedBudget: of many guesses at once on both sides, ten are looked at.
func sharedBudget(t *testing.T, p pair) {
	limit := attempts.DefaultAccountLimit
	before := time.Now()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() { p.adminLogin(newBrowser(t), "ada", fmt.Sprint("wrong", i)) })
		group.Go(func() { p.ownLogin(newBrowser(t), "ada", fmt.Sprint("wrong", i)) })
	}
	group.Wait()
	var tat int64
	query := "SELECT MAX(tat) FROM coatcheck_throttle"
	if err := openDatabase(t, p.db, database.UserModel{}).SQL().QueryRowContext(t.Context(), query).Scan(&tat); err != nil {
		t.Fatal(err)
	}
	first := time.UnixMicro(tat).Add(-time.Duration(limit.Burst) * limit.Every)
	if first.Before(before.Add(-time.Second)) || first.After(time.Now().Add(time.Second)) {
		t.Errorf("the budget was not used up exactly: %v, not between %v and now", first, before)
	}
	if got := p.adminLogin(newBrowser(t), "ada", somePassword); got != http.StatusOK {
		t.Errorf("the admin answers %d", got)
	}
	if got := p.ownLogin(newBrowser(t), "ada", somePassword); got != http.StatusTooManyRequests {
		t.Errorf("Coatcheck answers %d", got)
	}
}

// sharedReset: a login on either side restores the budget for both.
func sharedReset(t *testing.T, p pair) {
	guess := func(n int) {
		t.Helper()
		for i := range n {
			if i%2 == 0 {
				if got := p.adminLogin(newBrowser(t), "bea", "wrong"); got != http.StatusOK {
					t.Errorf("the admin answers %d", got)
				}
			} else if got := p.ownLogin(newBrowser(t), "bea", "wrong"); got != http.StatusUnauthorized {
				t.Errorf("Coatcheck answers %d", got)
			}
		}
	}
	guess(9)
	if got := p.adminLogin(newBrowser(t), "bea", somePassword); got != http.StatusFound {
		t.Fatalf("the admin answers %d", got)
	}
	guess(9)
	if got := p.ownLogin(newBrowser(t), "bea", somePassword); got != http.StatusOK {
		t.Fatalf("Coatcheck answers %d", got)
	}
	guess(9)
	if got := p.adminLogin(newBrowser(t), "bea", somePassword); got != http.StatusFound {
		t.Errorf("the admin answers %d", got)
	}
}

// sharedDevice: who signed in to Coatcheck by this browser before gets in to the
// admin, whatever unknown clients do.
func sharedDevice(t *testing.T, p pair) {
	owner := newBrowser(t)
	if got := p.ownLogin(owner, "cora", somePassword); got != http.StatusOK {
		t.Fatalf("Coatcheck answers %d", got)
	}
	owner.wants(owner.post(p.own.URL("/accounts/logout/"), nil), http.StatusOK)
	for range 10 {
		p.ownLogin(newBrowser(t), "cora", "wrong")
	}
	if got := p.ownLogin(newBrowser(t), "cora", somePassword); got != http.StatusTooManyRequests {
		t.Errorf("Coatcheck answers a stranger %d", got)
	}
	if got := p.adminLogin(newBrowser(t), "cora", somePassword); got != http.StatusOK {
		t.Errorf("the admin answers a stranger %d", got)
	}
	if got := p.adminLogin(owner, "cora", somePassword); got != http.StatusFound {
		t.Errorf("the admin answers the owner %d", got)
	}
}

// sharedSpelling: both sides take the same spellings for one name, be there a user or
// not, and those are the ones that the database takes for one.
func sharedSpelling(t *testing.T, p pair) {
	for _, name := range [][2]string{{"dora", "DÓRA"}, {"nobody", "NÓBODY"}} {
		query := "DELETE FROM coatcheck_throttle" // the one address has made many guesses by now
		if _, err := openDatabase(t, p.db, database.UserModel{}).SQL().ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
		for i := range attempts.DefaultAccountLimit.Burst {
			spelling := name[0]
			if p.db.Engine == "mysql" {
				spelling = name[i%2]
			}
			if i%4 < 2 {
				p.adminLogin(newBrowser(t), spelling, "wrong")
			} else if got := p.ownLogin(newBrowser(t), spelling, "wrong"); got != http.StatusUnauthorized {
				t.Errorf("%s: guess %d gets %d", name[0], i, got)
			}
		}
		other := http.StatusUnauthorized
		if p.db.Engine == "mysql" {
			other = http.StatusTooManyRequests
		}
		if got := p.ownLogin(newBrowser(t), name[0], "wrong"); got != http.StatusTooManyRequests {
			t.Errorf("%s: after ten guesses: %d", name[0], got)
		}
		if got := p.ownLogin(newBrowser(t), name[1], "wrong"); got != other {
			t.Errorf("%s: %d, want %d", name[1], got, other)
		}
	}
}
