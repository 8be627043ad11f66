package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/internal/changes"
)

const (
	// channelName is where the triggers notify. A payload is a letter and what it is about:
	// s and the SHA-256 of a session key, u and the ID of a user, t and the name of a node that
	// wants to hear itself, or * for everything.
	channelName = "coatcheck_changes"
	// changesBound is for how long a notification of our own shows that nothing is lost.
	changesBound = time.Second
	// beat is how often one is sent, and deaf how long none may be heard.
	beat = changesBound / 4
	deaf = 5 * changesBound
)

// channel listens on a connection of its own, and notifies itself through the pool: behind a
// pooler that lends connections by the transaction that is not heard, and Current never called.
func channel(pool *pgxpool.Pool) dialect.ChannelFunc {
	return func(_ dialect.Watched, ready func(context.Context) error) *changes.Channel {
		l := &listening{pool: pool, ready: ready}
		return &changes.Channel{How: "PostgreSQL LISTEN", Bound: changesBound, Watch: l.watch}
	}
}

// listening is how a node hears of changes.
type listening struct {
	pool  *pgxpool.Pool
	ready func(context.Context) error
}

// watch is changes.Channel.Watch.
func (l *listening) watch(ctx context.Context, to changes.Hearer) error {
	conn, err := pgx.ConnectConfig(ctx, l.pool.Config().ConnConfig.Copy())
	if err != nil {
		return fmt.Errorf("postgres: listen: %w", redact(err, l.pool.Config()))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it only listened
	if _, err := conn.Exec(ctx, "LISTEN "+channelName); err != nil {
		return fmt.Errorf("postgres: listen: %w", err)
	}
	to.Everything()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := newBeats()
	go func() { cancel(l.beat(ctx, sent)) }()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("postgres: listen: %w", errors.Join(context.Cause(ctx), err))
		}
		hear(n, to, sent)
	}
}

// hear passes a notification on.
func hear(n *pgconn.Notification, to changes.Hearer, sent *beats) {
	kind, rest := n.Payload, ""
	if len(n.Payload) > 1 {
		kind, rest = n.Payload[:1], n.Payload[1:]
	}
	switch kind {
	case "s":
		if d, ok := changes.Parse(rest); ok {
			to.Session(d)
			return
		}
	case "u":
		to.User(rest)
		return
	case "t":
		if at, mine := sent.heard(rest); mine {
			to.Current(at)
		}
		return
	}
	to.Everything()
}

// errDeaf is what a pooler does, and a connection that broke without a sign.
var errDeaf = errors.New("postgres: notifications do not arrive. A pooler that lends connections by the " +
	"transaction, such as PgBouncer, passes none on: name PostgreSQL itself, or let it lend by the session")

// beat notifies until ctx is done, or something is amiss. A notification that fails is not heard,
// so that nobody relies on what came before.
func (l *listening) beat(ctx context.Context, sent *beats) error {
	for {
		within, cancel := context.WithTimeout(ctx, changesBound)
		err := l.ready(within)
		if err == nil {
			_, _ = l.pool.Exec(within, "SELECT pg_notify($1, $2)", channelName, "t"+sent.next())
		}
		cancel()
		if err == nil && sent.silence() > deaf {
			err = errDeaf
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(beat):
		}
	}
}

// triggers are those on sessions, users and the endings of their sessions.
func triggers(w dialect.Watched) dialect.Triggers {
	t := dialect.Triggers{Create: []string{notifyFunction}}
	var tables []string
	on := func(table, events, kind, column string) {
		tables = append(tables, "to_regclass('"+table+"')")
		t.Create = append(t.Create,
			"DROP TRIGGER IF EXISTS coatcheck_changed ON "+table,
			"CREATE TRIGGER coatcheck_changed AFTER "+events+" ON "+table+
				" FOR EACH ROW EXECUTE PROCEDURE coatcheck_changed('"+kind+"', '"+column+"')",
			"DROP TRIGGER IF EXISTS coatcheck_emptied ON "+table,
			"CREATE TRIGGER coatcheck_emptied AFTER TRUNCATE ON "+table+
				" FOR EACH STATEMENT EXECUTE PROCEDURE coatcheck_changed('*', '')")
	}
	on("django_session", "UPDATE OR DELETE", "s", "session_key")
	on(w.Users, "UPDATE OR DELETE", "u", w.UserID)
	if w.Endings != "" {
		on(w.Endings, "INSERT OR UPDATE OR DELETE", "u", "user_id")
	}
	t.Want = 2 * len(tables)
	t.Count = "SELECT count(*) FROM pg_catalog.pg_trigger" +
		" WHERE tgname IN ('coatcheck_changed', 'coatcheck_emptied')" +
		" AND tgenabled IN ('O', 'A') AND tgrelid IN (" + strings.Join(tables, ", ") + ")"
	return t
}

// notifyFunction is what the triggers call: with the letter of the payload, and the column. A
// session that was deleted long after its end, as clearsessions does, is in no memory.
const notifyFunction = `CREATE OR REPLACE FUNCTION coatcheck_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  key text;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM pg_notify('` + channelName + `', '*');
    RETURN NULL;
  END IF;
  IF TG_ARGV[0] = 's' THEN
    IF TG_OP = 'DELETE' AND OLD.expire_date < now() - interval '5 minutes' THEN
      RETURN NULL;
    END IF;
    key := encode(sha256(convert_to(OLD.session_key, 'UTF8')), 'hex');
  ELSIF TG_OP = 'INSERT' THEN
    key := to_jsonb(NEW) ->> TG_ARGV[1];
  ELSE
    key := to_jsonb(OLD) ->> TG_ARGV[1];
  END IF;
  PERFORM pg_notify('` + channelName + `', TG_ARGV[0] || key);
  RETURN NULL;
END
$$`

// beats are the notifications that a node sends to itself.
type beats struct {
	node string // a random text

	mu    sync.Mutex // guards what follows
	count int
	times [16]time.Time // of the last ones, each at its number
	last  time.Time     // when one was heard
}

func newBeats() *beats { return &beats{node: rand.Text(), last: time.Now()} }

// silence is how long none was heard.
func (b *beats) silence() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.last)
}

// next returns what another one says, which is sent now.
func (b *beats) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	b.times[b.count%len(b.times)] = time.Now()
	return b.node + " " + strconv.Itoa(b.count)
}

// heard returns when a notification was sent, if it is one of the last that were ours.
func (b *beats) heard(text string) (at time.Time, mine bool) {
	node, number, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	b.mu.Lock()
	defer b.mu.Unlock()
	if node != b.node || err != nil || n > b.count || n <= b.count-len(b.times) || n < 1 {
		return time.Time{}, false
	}
	b.last = time.Now()
	return b.times[n%len(b.times)], true
}
