package accounts_test

import (
	"net/http"
	"testing"
)

// TestRescueGoesToItsMailbox: the link to a new password goes to the mailbox of the
// notice, whatever becomes of the account's address before it is sent.
func TestRescueGoesToItsMailbox(t *testing.T) {
	r := newRig(t)
	ada := r.CreateUser("ada", canary)
	r.login("ada", firefox)
	r.login("ada", safari)
	if got := r.notMe(r.path("ada@example.com", "New sign-in")); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	moved, err := r.Database.ReplaceEmail(t.Context(), ada.ID, "ada@example.com", "elsewhere@example.com")
	if err != nil || !moved {
		t.Fatal(moved, err)
	}
	r.setPassword(r.path("ada@example.com", "Choose a new password"), another)
	if !r.opens("ada", another) {
		t.Error("the new password does not open the account")
	}
}
