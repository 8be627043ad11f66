package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/mail"
)

// The limits of the queue.
const (
	maxWaiting = 10_000           // mails
	maxAge     = 24 * time.Hour   // then a mail that could not be sent is given up
	lease      = 2 * time.Minute  // how long one try may take
	pollEvery  = 10 * time.Second // how soon a node sees what another queued
)

// ErrQueueFull: so many mails wait that no more are taken.
var ErrQueueFull = errors.New("accounts: too many mails wait to be sent")

// job is what waits in the queue, sealed: a mail to be composed and sent, or work
// whose end is a mail. Work that depends on whether an account exists is done from
// the queue, so that the time of an answer tells nobody.
type job struct {
	Kind string `json:"kind"` // a mail's name, or jobReset and jobSignup
	Lang string `json:"lang"`
	To   string `json:"to"`
	// What follows is what the mail is about.
	Username string    `json:"username,omitempty"`
	URL      string    `json:"url,omitempty"`
	Email    string    `json:"email,omitempty"`
	OldEmail string    `json:"old_email,omitempty"`
	Browser  string    `json:"browser,omitempty"`
	System   string    `json:"system,omitempty"`
	IP       string    `json:"ip,omitempty"`
	At       time.Time `json:"at"`
	// Expires is the life of the link.
	Expires time.Duration `json:"expires,omitempty"`
	// UserID is whom a rescue is for.
	UserID string `json:"user_id,omitempty"`
	// Pending is the account that a sign-up would make.
	Pending *pending `json:"pending,omitempty"`
}

// Work of the queue that is no mail itself.
const (
	jobReset  = "reset"  // mails links to everybody who has the address To
	jobRescue = "rescue" // mails a link to the user UserID at the mailbox To
	jobSignup = "signup" // mails a link to the address To, or says that it has an account
)

// enqueue queues a job and wakes the sender of this node.
func (s *Service) enqueue(ctx context.Context, j job) error {
	if s.config.Mail == nil {
		return errors.New("accounts: mail cannot be sent; set Config.Mail")
	}
	if j.At.IsZero() {
		j.At = s.now()
	}
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("accounts: queue mail: %w", err)
	}
	err = s.db.QueueMail(ctx, s.jobs.Seal(string(text), ""), s.now(), maxWaiting)
	if errors.Is(err, database.ErrConflict) {
		return ErrQueueFull
	}
	if err != nil {
		return fmt.Errorf("accounts: queue mail: %w", err)
	}
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

// sendDue does the jobs that are due, one after the other.
func (s *Service) sendDue(ctx context.Context) {
	for ctx.Err() == nil {
		sent, err := s.SendNext(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "mail could not be sent", "error", err)
		}
		if !sent {
			return
		}
	}
}

// SendNext does the job of the queue that has been due the longest, and says
// whether there was one. What cannot be sent now is tried again, after 10 s, 20 s,
// 40 s and so on, for a day; the error says what happened.
func (s *Service) SendNext(ctx context.Context) (bool, error) {
	if s.config.Mail == nil {
		return false, nil
	}
	queued, err := s.db.TakeMail(ctx, s.now(), lease)
	if errors.Is(err, database.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("accounts: %w", err)
	}
	trying, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	err = s.do(trying, queued)
	switch {
	case err == nil, errors.Is(err, mail.ErrPermanent), s.now().Sub(queued.Created) > maxAge:
		return true, errors.Join(err, s.db.DeleteMail(ctx, queued.ID))
	case ctx.Err() != nil: // the lease ends by itself
		return false, nil
	}
	return true, errors.Join(err, s.db.PostponeMail(ctx, queued.ID, s.now().Add(wait(queued.Tries))))
}

// wait is how long a job waits after so many tries.
func wait(tries int) time.Duration {
	return min(time.Hour, 10*time.Second<<min(tries, 10))
}

// do does a job.
func (s *Service) do(ctx context.Context, queued *database.QueuedMail) error {
	text, err := s.jobs.Open(queued.Message, "")
	if err != nil {
		return fmt.Errorf("accounts: a mail was queued under a secret key that is gone: %w: %w", err, mail.ErrPermanent)
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("accounts: a queued mail is broken: %w: %w", err, mail.ErrPermanent)
	}
	switch j.Kind {
	case jobReset:
		return s.mailResets(ctx, j)
	case jobRescue:
		return s.mailRescue(ctx, j)
	case jobSignup:
		return s.mailSignup(ctx, j)
	}
	return s.send(ctx, j.Kind, j)
}

// send composes a mail of its template and sends it.
func (s *Service) send(ctx context.Context, name string, j job) error {
	about := &Mail{
		Translator: s.config.Languages.Translator(j.Lang), SiteName: s.config.SiteName, BaseURL: s.config.BaseURL,
		Username: j.Username, URL: j.URL, LoginURL: s.config.BaseURL + s.config.LoginURL, Email: j.Email, OldEmail: j.OldEmail,
		Browser: j.Browser, System: j.System, IP: j.IP, At: j.At, Expires: j.Expires,
	}
	message, err := s.mails.compose(name, j.To, about)
	if err != nil {
		return err
	}
	if err := s.config.Mail.Send(ctx, message); err != nil {
		return fmt.Errorf("accounts: send mail %s: %w", name, err)
	}
	s.log.InfoContext(ctx, "mail sent", "mail", name)
	return nil
}
