package database

import "context"

// UserMemory keeps users between requests, and forgets those that change.
type UserMemory interface {
	// Get returns the user, who must not be changed, or nil; and a mark of this moment.
	Get(id string) (u *User, mark uint64)
	// Keep keeps a user who was read after the mark, unless something changed since.
	Keep(u *User, mark uint64)
}

// remembering is a memory of the users of one table.
type remembering struct {
	table  *userTable
	memory UserMemory
}

type rememberingKey struct{}

// UserMemory returns a function that has UserByID, called with the context that it returns, ask
// the memory first.
func (db *DB) UserMemory(m UserMemory) func(context.Context) context.Context {
	value := &remembering{db.users, m}
	return func(ctx context.Context) context.Context {
		return context.WithValue(ctx, rememberingKey{}, value)
	}
}

// memory returns the memory of the context; nil in a transaction.
func (db *DB) memory(ctx context.Context) UserMemory {
	r, ok := ctx.Value(rememberingKey{}).(*remembering)
	if !ok || r.table != db.users || db.in(ctx).tx != nil {
		return nil
	}
	return r.memory
}

// copied returns a copy of its own, with nothing in what Cached keeps.
func (u *User) copied() *User {
	own := &struct {
		User
		memo memo
	}{User: *u}
	own.User.memo = &own.memo
	return &own.User
}
