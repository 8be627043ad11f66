package auth_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/throttle"
)

// detached are users whose lookups do not notice that a request ends.
type detached struct{ *users }

func (u detached) UserByUsername(ctx context.Context, name string) (*auth.User, error) {
	return u.users.UserByUsername(context.WithoutCancel(ctx), name)
}

// noticed is a context that tells when somebody waits for its end.
type noticed struct {
	context.Context
	waits func()
}

func (c noticed) Done() <-chan struct{} {
	c.waits()
	return c.Context.Done()
}

// TestWhoIsKnownToTheQueue: while unknown clients have taken every place, hashes are
// computed for a device that the account knows, for the user who is signed in, and
// for nobody else, such as one who is signed in and guesses at another account.
func TestWhoIsKnownToTheQueue(t *testing.T) {
	for _, test := range []struct {
		name, username string
		known, limits  bool // by the device; with throttling
		signedIn       bool
		change         bool // of the password, instead of a guess
		want           error
	}{
		{name: "unknown client", username: "anna", limits: true, want: password.ErrBusy},
		{name: "known device", username: "anna", known: true, limits: true},
		{name: "known device at another account", username: "berta", known: true, limits: true, want: password.ErrBusy},
		{name: "signed in", username: "anna", signedIn: true, limits: true},
		{name: "signed in, without throttling", username: "anna", signedIn: true},
		{name: "signed in at another account", username: "berta", signedIn: true, limits: true, want: password.ErrBusy},
		{name: "password change", username: "anna", signedIn: true, change: true},
		{name: "password change of another", username: "berta", signedIn: true, change: true, want: password.ErrBusy},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := heldHasher{password.PBKDF2SHA256{Iterations: 1}, make(chan struct{}), make(chan struct{})}
			r := newRig(t, limited(throttle.NewMemory(0)), func(c *auth.Config) {
				c.Users = detached{c.Users.(*users)}
				if !test.limits {
					c.Throttle = attempts.Config{}
				}
				var err error
				c.Passwords, err = password.New(password.Config{Hashers: []password.Hasher{h}, Workers: 1, MaxQueue: 1})
				if err != nil {
					t.Fatal(err)
				}
			})
			anna := r.user("anna")
			target := map[string]*auth.User{"anna": anna, "berta": r.user("berta")}[test.username]
			b := r.browser()
			if test.signedIn {
				b.login(anna.ID)
			}
			var flood sync.WaitGroup
			flood.Go(func() { r.guessFrom("192.0.2.1", "berta", "held") })
			<-h.began
			defer flood.Wait()
			// One more fills the queue. It is the one that is not refused at once.
			refused := make(chan struct{}, 2)
			for _, address := range []string{"192.0.2.2", "192.0.2.3"} {
				flood.Go(func() {
					if r.guessFrom(address, "nobody", "wrong") == password.ErrBusy {
						refused <- struct{}{}
					}
				})
			}
			<-refused
			got, queued := make(chan error, 1), make(chan struct{})
			go func() {
				_, err := b.visit(func(req *http.Request) error {
					if _, err := auth.UserFromContext(req.Context()); err != nil {
						return err
					}
					if test.known {
						req.AddCookie(deviceCookie(t, r.Service, anna))
					}
					ctx := noticed{req.Context(), sync.OnceFunc(func() { close(queued) })}
					if test.change {
						return r.ReplacePassword(ctx, target, "another")
					}
					_, err := r.Authenticate(ctx, auth.Credentials{Username: test.username, Password: "secret", Request: req})
					return err
				})
				got <- err
			}()
			select {
			case <-queued: // for a hash, while the worker is held
				close(h.end)
				wants(t, <-got, nil)
				if test.want != nil {
					t.Errorf("it waits, want %v", test.want)
				}
			case err := <-got:
				close(h.end)
				wants(t, err, test.want)
			}
		})
	}
}
