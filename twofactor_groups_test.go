package coatcheck_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
)

// statements are how many statements of the database a login makes that have each text in them.
func statements(t testing.TB, site *coatchecktest.Site, h http.Handler, name string, texts ...string) (status int, counts []int) {
	t.Helper()
	trace := flow.NewTrace()
	c := site.NewClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(flow.WithSink(r.Context(), trace)))
	}))
	status = c.PostJSON("/accounts/login/", map[string]string{"username": name, "password": factorPassword}).Status
	counts = make([]int, len(texts))
	for _, e := range trace.Events() {
		if e.Code.Layer() != flow.Database {
			continue
		}
		for i, text := range texts {
			if strings.Contains(fmt.Sprint(e.Attrs), text) {
				counts[i]++
			}
		}
	}
	return status, counts
}

// TestRequiredOfGroups: members of a group must have a factor, on three databases; the others need
// none. A login reads what the user has once, and the groups only where the setting has some.
func TestRequiredOfGroups(t *testing.T) {
	const app, groups = "coatcheck_totp", "auth_user_groups"
	for require, want := range map[twofactor.Require]struct{ editor, staff, plain int }{
		twofactor.RequireNone:  {http.StatusForbidden, http.StatusOK, http.StatusOK},
		twofactor.RequireStaff: {http.StatusForbidden, http.StatusForbidden, http.StatusOK},
		twofactor.RequireAll:   {http.StatusForbidden, http.StatusForbidden, http.StatusForbidden},
	} {
		onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
			h := site.Handler(site.Views)
			join(t, site, site.CreateUser("editor", factorPassword), "Editors")
			site.CreateSuperuser("staff", factorPassword)
			site.CreateUser("plain", factorPassword)
			if err := site.TwoFactor.CheckGroups(t.Context()); err != nil {
				t.Error(err)
			}
			for name, want := range map[string]int{"editor": want.editor, "staff": want.staff, "plain": want.plain} {
				status, read := statements(t, site, h, name, app, groups)
				if status != want || read[0] != 1 {
					t.Errorf("required of %s and Editors: %s gets %d, and the app was looked for %d times", require, name, status, read[0])
				}
				asked := 1
				if require == twofactor.RequireAll || require == twofactor.RequireStaff && name == "staff" {
					asked = 0
				}
				if read[1] != asked {
					t.Errorf("required of %s and Editors: %s, the groups were read %d times", require, name, read[1])
				}
			}
		}, func(c *coatcheck.Config) {
			c.Logins.TwoFactor = twofactor.Options{Require: require, RequireGroups: []string{"Editors"}}
		})
	}
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Logins.TwoFactor.Require = twofactor.RequireStaff })
	site.CreateUser("plain", factorPassword)
	if status, read := statements(t, site, site.Handler(site.Views), "plain", app, groups); status != http.StatusOK || read[0] != 1 || read[1] != 0 {
		t.Errorf("without groups: %d, read %v", status, read)
	}
}

// TestUnknownGroup: a group that is not there is an error that says what to do.
func TestUnknownGroup(t *testing.T) {
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Logins.TwoFactor.RequireGroups = []string{"Editors", "Staff, and more"} })
	join(t, site, site.CreateUser("ada", factorPassword), "Editors")
	err := site.TwoFactor.CheckGroups(t.Context())
	if err == nil || !strings.Contains(err.Error(), `there is no group "Staff, and more"`) || !strings.Contains(err.Error(), "create the group") {
		t.Error(err)
	}
	if err := site.Database.Close(); err != nil {
		t.Fatal(err)
	}
	if err := site.TwoFactor.CheckGroups(t.Context()); err == nil || strings.Contains(err.Error(), "there is no group") {
		t.Errorf("without a database: %v", err)
	}
	_, err = twofactor.New(twofactor.Config{Options: twofactor.Options{RequireGroups: []string{""}}, Database: site.Database, Keys: coatcheck.Keys{Secret: testKey}})
	if err == nil || !strings.Contains(err.Error(), "empty name") {
		t.Error(err)
	}
}
