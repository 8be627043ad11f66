// Package coatchecktest is above the front door, for the tests of programs that
// use Coatcheck: a whole site in memory, and a client that keeps cookies.
//
//	func TestProfile(t *testing.T) {
//		site := coatchecktest.NewSite(t)
//		alice := site.CreateUser("alice", "correct horse")
//		client := site.NewClient(newHandler(site.Site)) // what your program serves
//
//		if got := client.Get("/profile"); got.Status != http.StatusFound {
//			t.Errorf("a visitor got %d", got.Status)
//		}
//		client.ForceLogin(alice)
//		if got := client.Get("/profile"); got.Status != http.StatusOK {
//			t.Errorf("alice got %d", got.Status)
//		}
//	}
//
// Everything that goes wrong on the way fails the test, so nothing here returns
// an error. It is not for production: passwords are hashed weakly, to be fast.
package coatchecktest
