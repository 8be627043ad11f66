package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// bindingSalt is the salt of what signs the cookie of a device and its challenges, by the secret
// key of the site, as Django's Signer does.
const bindingSalt = "coatcheck.device_bound"

// bindingSlack is how long a row outlives the session that names it, at least.
const bindingSlack = 24 * time.Hour

// ErrNoBinding: there is no such binding, or not any more; or its device has shown its key
// concurrently, so that the challenge is used up.
var ErrNoBinding = errors.New("accounts: the session is not bound so")

// BindingsReady returns an [own.MissingError] if the database has no table for sessions that are
// bound to devices, and another error where the cookie of a session goes to several hosts, of
// which only one would get that of the device.
func (s *Service) BindingsReady() error {
	if domain := s.sessions.Config().CookieDomain; domain != "" {
		return fmt.Errorf("accounts: sessions cannot be bound to devices, since other hosts get their "+
			"cookie too; leave out Config.Sessions.CookieDomain (--session-cookie-domain), "+
			"which is %q", domain)
	}
	return own.Missing(s.db, own.DeviceBoundTable)
}

// SignBinding signs the cookie of a device, or a challenge.
func (s *Service) SignBinding(text string) string { return s.bindings.Sign(text) }

// UnsignBinding returns what SignBinding signed; signing.ErrBadSignature for all else.
func (s *Service) UnsignBinding(signed string) (string, error) { return s.bindings.Unsign(signed) }

// BindSession stores the key to which the session of a request is bound from now on, and until
// when the session is valid without the cookie of its device. The ID of b is that which was
// offered at the login; of several keys that come for one offer, exactly one is stored, and the
// others get ErrNoBinding.
func (s *Service) BindSession(
	r *http.Request, session *sessions.Session, b own.DeviceBinding, until time.Time,
) error {
	ctx := r.Context()
	if err := s.stampBinding(ctx, session, &b); err != nil {
		return err
	}
	b.Created = b.Refreshed
	err := s.own.InsertDeviceBinding(ctx, b)
	if errors.Is(err, database.ErrDuplicate) {
		return ErrNoBinding
	}
	if err == nil {
		_, err = session.Delete(ctx, sessionkeys.Bind)
	}
	if err == nil {
		err = session.Set(ctx, sessionkeys.Bound, fmt.Sprintf("%s:%d", b.ID, until.Unix()))
	}
	if err != nil {
		return fmt.Errorf("accounts: bind session: %w", err)
	}
	s.log.InfoContext(ctx, "session bound to a device", requestinfo.LogClient(ctx), "user", b.UserID)
	return nil
}

// stampBinding sets the times of a binding. Its row outlives the session, however the session is
// made to live on until its device shows its key again.
func (s *Service) stampBinding(ctx context.Context, session *sessions.Session, b *own.DeviceBinding) error {
	age, err := session.ExpiryAge(ctx)
	if err != nil {
		return fmt.Errorf("accounts: bind session: %w", err)
	}
	b.Refreshed = s.now()
	b.Expires = b.Refreshed.Add(max(age, s.sessions.Config().CookieAge) + bindingSlack)
	return nil
}

// Binding returns a binding by its ID, or ErrNoBinding.
func (s *Service) Binding(ctx context.Context, id string) (*own.DeviceBinding, error) {
	b, err := s.own.DeviceBinding(ctx, id)
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrNoBinding
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: device binding: %w", err)
	}
	return b, nil
}

// RefreshBinding stores that the device of a session has shown its key. Of several that come for
// one value of Refreshes, exactly one is stored, and the others get ErrNoBinding.
func (s *Service) RefreshBinding(ctx context.Context, session *sessions.Session, b own.DeviceBinding) error {
	if err := s.stampBinding(ctx, session, &b); err != nil {
		return err
	}
	stored, err := s.own.RefreshDeviceBinding(ctx, b)
	if err == nil && !stored {
		err = ErrNoBinding
	}
	if err != nil {
		return fmt.Errorf("accounts: refresh device binding: %w", err)
	}
	return nil
}

// NoticeUnbound records that a session was used without the device to which it is bound, and
// tells the user by email: once for each session, however often it happens.
func (s *Service) NoticeUnbound(r *http.Request, session *sessions.Session, user *auth.User, id string) {
	ctx := r.Context()
	first, err := s.own.MissDeviceBinding(ctx, id)
	if err != nil {
		s.log.ErrorContext(ctx, "a user could not be told that a session was used on another device",
			"user", user.ID, "error", err)
		return
	}
	if !first {
		return
	}
	s.log.WarnContext(ctx, "a session was used without the device to which it is bound, "+
		"so its cookie may be stolen",
		requestinfo.LogClient(ctx), "user", user.ID)
	_ = s.record(ctx, audit.Event{ // it waits
		Code: "device-unbound", Reason: "device-unbound", User: user, Request: r, Session: session.Key(),
	})
	s.tellOf(r, notice{name: "device_unbound"}, user)
}

// removeBindings removes the bindings of a user's sessions, if there is a table.
func (s *Service) removeBindings(ctx context.Context, userID string) error {
	if own.Missing(s.db, own.DeviceBoundTable) != nil {
		return nil
	}
	return s.own.DeleteDeviceBindings(ctx, userID)
}

// forgetBindings removes bindings that no session can name any more.
func (s *Service) forgetBindings(ctx context.Context) error {
	if own.Missing(s.db, own.DeviceBoundTable) != nil {
		return nil
	}
	return s.own.DeleteExpiredDeviceBindings(ctx, s.now())
}
