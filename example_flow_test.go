package coatcheck_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
)

// counts is a sink that counts the logins that were good and those that were not.
type counts struct {
	mu           sync.Mutex // guards what follows
	good, failed int
}

func (c *counts) Emit(_ context.Context, e flow.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Code {
	case "login.done":
		c.good++
	case "authenticate.failed", "throttle.refused_account", "throttle.refused_address", "throttle.refused_device":
		c.failed++
	}
}

// watched sends what each request does to a sink. It belongs outermost.
func watched(sink flow.Sink, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(flow.WithSink(r.Context(), sink)))
	})
}

// A sink gets each step of a request as an event with a code: here it counts logins.
func Example_flow() {
	site, stop := newSite()
	defer stop()
	if _, err := site.Auth.CreateUser(context.Background(), auth.NewUser{Username: "alice", Password: "correct horse"}); err != nil {
		fmt.Println(err)
	}
	logins := &counts{}
	browser, stop := newBrowser(watched(logins, site.Handler(site.Views)))
	defer stop()

	browser.post("/accounts/login/", "username=alice&password=wrong")
	browser.post("/accounts/login/", "username=alice&password=correct+horse")
	fmt.Println(logins.good, "good,", logins.failed, "failed")
	// Output:
	// POST /accounts/login/ 401 {"error":"Invalid credentials"}
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}
	// 1 good, 1 failed
}

// Verify reports what a session key means, and why it signs nobody in.
func Example_verify() {
	site, stop := newSite()
	defer stop()
	ctx := context.Background()
	alice, err := site.Auth.CreateUser(ctx, auth.NewUser{Username: "alice", Password: "correct horse"})
	if err != nil {
		fmt.Println(err)
	}
	browser, stop := newBrowser(site.Handler(site.Views))
	defer stop()
	explain := func(key string) {
		id, code, err := site.Auth.Verify(ctx, site.Sessions.Session(key))
		if err != nil {
			fmt.Println("it is not known, the store failed:", err)
			return
		}
		fmt.Println(code, "user", id.UserID, "signed in:", id.User.IsAuthenticated(), "ends:", !id.Expires.IsZero())
	}

	browser.post("/accounts/login/", "username=alice&password=correct+horse")
	key := browser.cookie("sessionid")
	explain(key)
	if err := site.Auth.SetPassword(ctx, alice, "battery staple"); err != nil {
		fmt.Println(err)
	}
	explain(key)
	explain("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
	// Output:
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}
	// user.found user 1 signed in: true ends: true
	// user.hash_mismatch user 1 signed in: false ends: true
	// session.missing user  signed in: false ends: false
}

// cookie returns the value of a cookie that the browser has.
func (b *browser) cookie(name string) string {
	base, err := url.Parse(b.base)
	if err != nil {
		return ""
	}
	for _, c := range b.client.Jar.Cookies(base) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
