package password

import "context"

// maxPlaces is how many hashes of one known client wait in the lane of the known
// ones, so that none fills it.
const maxPlaces = 8

// knownKey is the key of the known client in a context.
type knownKey struct{}

// KnownClient returns a context whose hashes are for a client that the program
// knows, such as a user who is signed in, or has proved to own the account's email
// address. They have a queue of their own, which a flood of unknown clients does not
// fill, and go first. The client is any text that names it, for instance the ID of
// the user; an empty one names nobody.
//
// Mark only what was proved, never what a request claims. What goes beyond eight
// waiting hashes of one client queues with those of unknown clients.
func KnownClient(ctx context.Context, client string) context.Context {
	return context.WithValue(ctx, knownKey{}, client)
}

// knownClient returns the known client of the context, or "" where there is none, or
// where it has all its places. The caller holds mu.
func (g *gate) knownClient(ctx context.Context) string {
	client, _ := ctx.Value(knownKey{}).(string)
	if client == "" {
		return ""
	}
	places := 0
	for e := g.known.Front(); e != nil; e = e.Next() {
		if e.Value.(*waiter).client == client {
			places++
		}
	}
	if places >= maxPlaces {
		return ""
	}
	return client
}
