package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/mail"
)

// How emails are sent.
const (
	senders   = 4                // at a time, one of which sends notices only
	maxAge    = 24 * time.Hour   // then an email that could not be sent is given up
	lease     = 2 * time.Minute  // how long one try may take
	pollEvery = 10 * time.Second // how soon a node sees what another queued
)

// startSenders sends emails as they are queued until ctx is done. It returns a
// function that waits until the last sender has stopped. A slow email delays none
// of the notices, since one of the senders sends nothing else.
func (s *Service) startSenders(ctx context.Context) (wait func()) {
	var running sync.WaitGroup
	running.Go(func() { s.keepSending(ctx, s.own.Notices()) })
	for range senders - 1 {
		running.Go(func() { s.keepSending(ctx, s.own.Notices(), s.own.Emails()) })
	}
	return running.Wait
}

// keepSending is one sender.
func (s *Service) keepSending(ctx context.Context, queues ...own.EmailQueue) {
	for ctx.Err() == nil {
		rung := s.wake.wait() // before the queues are looked at, so that no email is missed
		s.sendDue(ctx, queues)
		select {
		case <-ctx.Done():
		case <-rung:
		case <-time.After(pollEvery):
		}
	}
}

// sendDue does the jobs that are due, one after the other.
func (s *Service) sendDue(ctx context.Context, queues []own.EmailQueue) {
	for ctx.Err() == nil {
		sent, err := s.sendNext(ctx, queues)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "email could not be sent", "error", err)
			flow.Emit(ctx, "email.failed", slog.Any("error", err))
		}
		if !sent {
			return
		}
	}
}

// SendNext does the job that has been due the longest, notices first, and reports
// whether there was one. A job that cannot be done now is tried again, after 10 s,
// 20 s, 40 s and so on, for a day; the error says what happened.
func (s *Service) SendNext(ctx context.Context) (bool, error) {
	return s.sendNext(ctx, []own.EmailQueue{s.own.Notices(), s.own.Emails()})
}

// sendNext is SendNext for the first of the queues that has a job.
func (s *Service) sendNext(ctx context.Context, queues []own.EmailQueue) (bool, error) {
	if s.config.Mail == nil {
		return false, nil
	}
	for _, queue := range queues {
		queued, err := s.take(ctx, queue)
		switch {
		case err == nil:
			return s.try(ctx, queue, queued)
		case !errors.Is(err, database.ErrNotFound):
			return false, fmt.Errorf("accounts: %w", err)
		}
	}
	return false, nil
}

// take removes the next job of a queue. The senders of this node do it one by one, since
// otherwise one of them takes it and the others look in vain.
func (s *Service) take(ctx context.Context, queue own.EmailQueue) (*own.QueuedEmail, error) {
	s.taking.Lock()
	defer s.taking.Unlock()
	return queue.Take(ctx, s.now(), lease)
}

// try does a job, and removes it from its queue or lets it wait.
func (s *Service) try(ctx context.Context, q own.EmailQueue, m *own.QueuedEmail) (_ bool, err error) {
	trying, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	err = s.do(trying, m)
	switch {
	case err == nil, errors.Is(err, mail.ErrPermanent), s.now().Sub(m.Created) > maxAge:
		return true, errors.Join(err, q.Delete(ctx, m.ID))
	case ctx.Err() != nil: // the lease ends by itself
		return false, nil
	}
	return true, errors.Join(err, q.Postpone(ctx, m.ID, s.now().Add(wait(m.Tries))))
}

// wait returns how long a job waits after so many tries.
func wait(tries int) time.Duration {
	return min(time.Hour, 10*time.Second<<min(tries, 10))
}

// do does a job.
func (s *Service) do(ctx context.Context, queued *own.QueuedEmail) error {
	text, err := s.jobs.Open(queued.Message, "")
	if err != nil {
		err = fmt.Errorf("accounts: an email was queued under a secret key that is gone: %w", err)
		return errors.Join(err, mail.ErrPermanent)
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("accounts: a queued email is broken: %w: %w", err, mail.ErrPermanent)
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

// send composes an email from its template and sends it. A stored address that no
// mailer accepts, as Django's form allows, is logged and not an error: the next user
// of the same job still gets an email, and the job is done.
func (s *Service) send(ctx context.Context, name string, j job) error {
	if err := mail.CheckAddress(j.To); err != nil {
		s.log.WarnContext(ctx, "no email is sent to an address that no mailer accepts", "email", name, "error", err)
		return nil
	}
	about := &Mail{
		Translator: s.config.Languages.Translator(j.Lang),
		SiteName:   s.config.SiteName, BaseURL: s.config.BaseURL, LoginURL: s.config.BaseURL + s.config.LoginURL,
		Username: greeted(name, j), URL: j.URL, Email: j.Email, OldEmail: j.OldEmail,
		Browser: j.Browser, System: j.System, IP: j.IP, At: j.At, Expires: j.Expires,
		Left: j.Left, Passkey: j.Passkey, Provider: j.Provider,
	}
	message, err := s.mails.compose(name, j.To, about)
	if err != nil {
		return err
	}
	if err := s.config.Mail.Send(ctx, message); err != nil {
		return fmt.Errorf("accounts: send email %s: %w", name, err)
	}
	s.log.InfoContext(ctx, "email sent", "email", name)
	flow.Emit(ctx, "email.sent", slog.String("email", name))
	return nil
}

// bell wakes all that wait for it. The zero bell is ready.
type bell struct {
	mu   sync.Mutex
	rung chan struct{} // guarded by mu; closed by the next ring
}

// wait returns a channel that the next ring closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

// ring wakes all that wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
