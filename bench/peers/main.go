package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/coatcheck/coatcheck/bench/plain"
	"github.com/coatcheck/coatcheck/bench/protocol"
)

// exitAbsent is the status for a library that this program was built without.
const exitAbsent = 69

// errAbsent means that the program was built without a library.
var errAbsent = errors.New("built without a C compiler")

func main() {
	if err := run(context.Background(), os.Args[1:]); errors.Is(err, errAbsent) {
		os.Exit(exitAbsent)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run is one of two programs: "serve" is a server, "seed" writes the sessions of one.
func run(ctx context.Context, args []string) error {
	if len(args) != 1 || args[0] != "serve" && args[0] != "seed" {
		return errors.New("this is for the bench, which says serve or seed")
	}
	in := bufio.NewReader(os.Stdin)
	if args[0] == "seed" {
		var s protocol.Seed
		if err := protocol.ReadLine(in, &s); err != nil {
			return err
		}
		if err := seed(ctx, s); err != nil {
			return err
		}
		return protocol.WriteLine(os.Stdout, protocol.Ready{})
	}
	var s protocol.Server
	if err := protocol.ReadLine(in, &s); err != nil {
		return err
	}
	handler, err := open(ctx, s)
	if err != nil {
		return err
	}
	return protocol.Serve(handler, nil, in)
}

// open returns the pages of a server.
func open(ctx context.Context, s protocol.Server) (http.Handler, error) {
	if s.Kind == "plain-mattn" {
		return openMattn(ctx, s)
	}
	users, err := plain.PostgreSQL(ctx, s.Database)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case "scs-pgx", "scs-redis":
		return openSCS(ctx, s, users)
	case "gorilla-pgstore":
		return openGorilla(s, users)
	}
	return nil, fmt.Errorf("there is no server %q", s.Kind)
}

// respond writes the page of a user who may see it.
func respond(w http.ResponseWriter, r *http.Request, users plain.Rows, id int64) {
	user, err := users.User(r.Context(), id)
	switch {
	case errors.Is(err, plain.ErrNobody) || err == nil && !user.Active:
		http.Redirect(w, r, protocol.LoginPath, http.StatusFound)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		protocol.Respond(w, protocol.Profile(user.Username))
	}
}
