package main

import (
	"net/http"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSuperuserAndSignupAtOnce: of createsuperuser and sign-ups, each with another
// spelling of one name, one creates a user.
func TestSuperuserAndSignupAtOnce(t *testing.T) {
	for _, where := range testenv.Databases(t) {
		t.Run(where.Engine, func(t *testing.T) {
			if out, err := quietly(t, t.TempDir(), "migrate", "--create", "--database", where.URL()).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			db := openDatabase(t, where)
			site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database = db })
			handler := site.Handler(site.Views)
			var created sync.Map
			var running sync.WaitGroup
			start := make(chan struct{})
			for _, name := range []string{"ALISE", "ａｌｉｓｅ"} {
				cmd := quietly(t, t.TempDir(), "createsuperuser", "--database", where.URL(), "--noinput", "--username", name, "--email", "")
				running.Go(func() {
					<-start
					if cmd.Run() == nil {
						created.Store(name, true)
					}
				})
			}
			for _, name := range []string{"alise", "Alise", "aliſe"} {
				client := site.NewClient(handler)
				running.Go(func() {
					<-start
					a := client.PostJSON("/accounts/signup/", map[string]string{"username": name, "password": "canary-tweets-0451"})
					if a.Status == http.StatusCreated {
						created.Store(name, true)
					}
				})
			}
			close(start)
			running.Wait()
			made, rows := 0, 0
			created.Range(func(any, any) bool { made++; return true })
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM auth_user").Scan(&rows); err != nil || rows != 1 || made != 1 {
				t.Errorf("%d rows, %d were told of success, %v", rows, made, err)
			}
		})
	}
}
