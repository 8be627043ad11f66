package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
)

// The most emails that wait in a queue.
const (
	maxMails   = 10_000
	maxNotices = 100_000
)

// ErrQueueFull means that so many emails wait to be sent that no more are accepted.
var ErrQueueFull = errors.New("accounts: too many emails wait to be sent")

// job is what waits in the queue, sealed: an email to be composed and sent, or work
// whose end is an email. Work that depends on whether an account exists is done from
// the queue, so that the time of a response reveals nothing.
type job struct {
	Kind string `json:"kind"` // an email's name, or jobReset, jobRescue and jobSignup
	Lang string `json:"lang"`
	To   string `json:"to"`
	// What follows is what the email is about.
	Username string    `json:"username,omitempty"`
	URL      string    `json:"url,omitempty"`
	Email    string    `json:"email,omitempty"`
	OldEmail string    `json:"old_email,omitempty"`
	Browser  string    `json:"browser,omitempty"`
	System   string    `json:"system,omitempty"`
	IP       string    `json:"ip,omitempty"`
	Passkey  string    `json:"passkey,omitempty"`
	Provider string    `json:"provider,omitempty"`
	At       time.Time `json:"at"`
	// Expires is the life of the link.
	Expires time.Duration `json:"expires,omitempty"`
	// UserID is whom a rescue is for.
	UserID string `json:"user_id,omitempty"`
	// Left is how many recovery codes are left.
	Left int `json:"left,omitempty"`
	// Pending is the account that a sign-up would make.
	Pending *pending `json:"pending,omitempty"`
}

// Work of the queue that is no email itself.
const (
	jobReset  = "reset"  // emails links to everybody who has the address To
	jobRescue = "rescue" // emails a link to the user UserID at the mailbox To
	jobSignup = "signup" // emails a link to the address To, or says that it has an account
)

// notices are the jobs that warn a user or help one to keep an account. They are
// sent before all others, from a queue of their own, which no unknown client can fill.
var notices = map[string]bool{
	"new_device":         true,
	"password_changed":   true,
	"email_change_begun": true,
	"email_changed":      true,
	"account_closed":     true,
	"factor_added":       true,
	"factor_removed":     true,
	"factor_removed_for": true,
	"recovery_code_used": true,
	"passkey_added":      true,
	"passkey_removed":    true,
	"passkey_copied":     true,
	"device_unbound":     true,
	jobRescue:            true,
}

// enqueue queues a job and wakes the senders of this node, once they can see it.
func (s *Service) enqueue(ctx context.Context, j job) error {
	if s.config.Mail == nil {
		return errors.New("accounts: emails cannot be sent; set Config.Mail")
	}
	if j.At.IsZero() {
		j.At = s.now()
	}
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("accounts: queue email: %w", err)
	}
	queue, most := s.own.Emails(), maxMails
	if notices[j.Kind] {
		queue, most = s.own.Notices(), maxNotices
	}
	err = queue.Append(ctx, s.jobs.Seal(string(text), ""), s.now(), most)
	if errors.Is(err, database.ErrConflict) {
		flow.Emit(ctx, "email.dropped", slog.String("email", j.Kind))
		return ErrQueueFull
	}
	if err != nil {
		return fmt.Errorf("accounts: queue email: %w", err)
	}
	flow.Emit(ctx, "email.queued", slog.String("email", j.Kind))
	database.OnCommit(ctx, s.wake.ring)
	return nil
}
