package database_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

func TestAnonymousUser(t *testing.T) {
	anonymous, joe := database.User{}, database.User{ID: "1", Username: "joe", FirstName: "Joe", LastName: "Doe"}
	if anonymous.IsAuthenticated() || !anonymous.IsAnonymous() || anonymous.String() != "AnonymousUser" {
		t.Errorf("the zero User is %v", anonymous)
	}
	if !joe.IsAuthenticated() || joe.IsAnonymous() || joe.String() != "joe" {
		t.Errorf("joe is %v", joe)
	}
	for _, test := range []struct{ first, last, full string }{
		{"Joe", "Doe", "Joe Doe"}, {"Joe", "", "Joe"}, {"", "Doe", "Doe"}, {"", "", ""}, {" Joe", "Doe ", "Joe Doe"},
	} {
		u := database.User{FirstName: test.first, LastName: test.last}
		if u.FullName() != test.full || u.ShortName() != test.first {
			t.Errorf("%q %q: %q, %q", test.first, test.last, u.FullName(), u.ShortName())
		}
	}
}

func TestCached(t *testing.T) {
	u := database.Memo(database.User{ID: "1"})
	loads := 0
	load := func() (any, error) { loads++; return loads, nil }
	get := func(u database.User, key string) any {
		value, err := u.Cached(key, load)
		must(t, err)
		return value
	}
	shared := u
	if got := []any{get(u, "a"), get(shared, "a"), get(u, "b"), get(u, "a")}; got[0] != 1 || got[1] != 1 || got[2] != 2 || got[3] != 1 {
		t.Errorf("got %v", got)
	}
	u.Forget()
	if got := get(shared, "a"); got != 3 {
		t.Errorf("after Forget: %v", got)
	}
	failure := errors.New("x")
	if _, err := u.Cached("c", func() (any, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("error: %v", err)
	}
	if got := get(u, "c"); got != 4 {
		t.Errorf("an error was kept: %v", got)
	}
	// What was loaded before a Forget is not kept after it.
	_, err := u.Cached("d", func() (any, error) { u.Forget(); return "old", nil })
	must(t, err)
	if got := get(u, "d"); got == "old" {
		t.Error("a load from before Forget was kept")
	}
	// A load may use the cache, and users may be shared.
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := u.Cached("outer", func() (any, error) { return u.Cached("inner", func() (any, error) { return 1, nil }) })
			if err != nil {
				t.Error(err)
			}
			u.Forget()
		})
	}
	group.Wait()
	// A literal keeps nothing.
	literal := database.User{ID: "1"}
	if first, second := get(literal, "a"), get(literal, "a"); first == second {
		t.Error("a literal User kept a value")
	}
	literal.Forget()
}
