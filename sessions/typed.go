package sessions

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// Get returns the value stored under key, decoded into a T by the rules of
// encoding/json. ok is false where there is none; a value that does not fit
// returns an error.
func Get[T any](ctx context.Context, s *Session, key string) (v T, ok bool, err error) {
	raw, ok, err := s.raw(ctx, key)
	if err != nil || !ok {
		return v, false, err
	}
	if err := pyjson.Unmarshal(raw, &v); err != nil {
		return v, false, fmt.Errorf("sessions: get %q: %w", key, err)
	}
	return v, true, nil
}

// Pop is Get, and removes the value (Django: pop). A value that does not fit a T is an
// error and stays.
func Pop[T any](ctx context.Context, s *Session, key string) (v T, ok bool, err error) {
	if v, ok, err = Get[T](ctx, s, key); err == nil && ok {
		ok, err = s.Delete(ctx, key)
	}
	return v, ok, err
}

// Update replaces the value stored under key by what f makes of it; f gets the
// zero T where there is none. Should another request change the session
// concurrently, f is called again with that request's value, so that a counter
// counts every request. f must do nothing else than compute.
func Update[T any](ctx context.Context, s *Session, key string, f func(old T) T) error {
	return s.change(ctx, change{key: key, update: func(old string) (string, error) {
		var v T
		if old != "" {
			if err := pyjson.Unmarshal(old, &v); err != nil {
				return "", err
			}
		}
		return pyjson.Marshal(f(v))
	}})
}
