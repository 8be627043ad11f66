// Package seed fills the tables in bulk with users and sessions, byte for byte as Django and
// Coatcheck write them.
package seed

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/server"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// Plan is what to write.
type Plan struct {
	Users    int  // each with a session
	Expired  int  // sessions that are over, of the same users
	Unlisted bool // the sessions are not in Coatcheck's list, as where Django made them
	// LoginUsers can log in by each of Hashers, with protocol.Password; their names are
	// LoginName of the hasher and a number.
	LoginUsers int
	Hashers    []protocol.Server // Hasher and Work
}

// LoginName is how the names of users begin who log in by a hasher.
func LoginName(s protocol.Server) string { return fmt.Sprintf("login-%s-%d-", s.Hasher, s.Work) }

// Database fills an empty database and returns the session keys of the users.
func Database(ctx context.Context, url string, p Plan) ([]string, error) {
	db, err := server.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // it was used to write, and that is done
	m, err := newMaker(ctx, db)
	if err != nil {
		return nil, err
	}
	sink, err := open(ctx, db, url)
	if err != nil {
		return nil, err
	}
	defer sink.Close() //nolint:errcheck // the same
	if err := m.users(sink, p); err != nil {
		return nil, err
	}
	keys, err := m.sessions(sink, p)
	if err != nil {
		return nil, err
	}
	if err := m.expired(sink, p); err != nil {
		return nil, err
	}
	return keys, sink.done()
}

// maker creates rows, the same ones every time.
type maker struct {
	random *rand.ChaCha8
	codec  *sessions.Codec
	auth   *auth.Service
	now    time.Time
	ending string // what a login stores of endings, as JSON
	hashes []password.Hash
}

func newMaker(ctx context.Context, db *database.DB) (*maker, error) {
	site, err := server.Site(ctx, db, protocol.Server{})
	if err != nil {
		return nil, err
	}
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: coatcheck.Keys{Secret: protocol.SecretKey}})
	if err != nil {
		return nil, err
	}
	return &maker{
		random: rand.NewChaCha8([32]byte{14}), codec: codec, auth: site.Auth,
		now: time.Now().UTC().Truncate(time.Microsecond), ending: "0",
	}, nil
}

// text returns n letters and digits.
func (m *maker) text(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[m.random.Uint64()%uint64(len(letters))]
	}
	return string(b)
}

// users writes those with sessions, whose passwords nobody knows, and those who log in.
func (m *maker) users(to *sink, p Plan) error {
	m.hashes = make([]password.Hash, p.Users)
	digest := make([]byte, sha256.Size)
	for i := range p.Users {
		_, _ = m.random.Read(digest)
		encoded := base64.StdEncoding.EncodeToString(digest)
		m.hashes[i] = password.Hash("pbkdf2_sha256$1000000$" + m.text(22) + "$" + encoded)
		if err := m.user(to, i+1, "user-"+strconv.Itoa(i+1), m.hashes[i]); err != nil {
			return err
		}
	}
	id := p.Users
	for _, s := range p.Hashers {
		hashers, err := password.New(password.Config{Hashers: server.Hashers(s.Hasher, s.Work)})
		if err != nil {
			return err
		}
		hash, err := hashers.Make(context.Background(), protocol.Password)
		if err != nil {
			return err
		}
		for i := range p.LoginUsers {
			id++
			if err := m.user(to, id, LoginName(s)+strconv.Itoa(i), hash); err != nil {
				return err
			}
		}
	}
	return to.flush("auth_user")
}

func (m *maker) user(to *sink, id int, name string, hash password.Hash) error {
	joined, login := to.time(m.now.Add(-1000*time.Hour)), to.time(m.now.Add(-time.Hour))
	return to.add("auth_user", id, hash.Encoded(), login, false, name, "Ada", "Lovelace", name+"@example.com",
		false, true, joined)
}

// sessions writes one for each user, and the list of them.
func (m *maker) sessions(to *sink, p Plan) ([]string, error) {
	keys := make([]string, p.Users)
	for i := range keys {
		keys[i] = m.text(32)
		data, err := m.codec.Encode(m.Data(i))
		if err != nil {
			return nil, err
		}
		expires := to.time(m.now.Add(sessions.DefaultCookieAge))
		if err := to.add("django_session", keys[i], data, expires); err != nil {
			return nil, err
		}
	}
	if err := to.flush("django_session"); err != nil || p.Unlisted {
		return keys, err
	}
	for i, key := range keys {
		sum := sha256.Sum256([]byte(key))
		seen := to.time(m.now.Add(-time.Hour))
		if err := to.add("coatcheck_session", hex.EncodeToString(sum[:]), strconv.Itoa(i+1), "p:"+key[:8],
			"password", "127.0.0.1", "bench", seen, seen); err != nil {
			return nil, err
		}
	}
	return keys, to.flush("coatcheck_session")
}

// expired writes sessions that are over.
func (m *maker) expired(to *sink, p Plan) error {
	for i := range p.Expired {
		data, err := m.codec.Encode(m.Data(i % p.Users))
		if err != nil {
			return err
		}
		if err := to.add("django_session", m.text(32), data, to.time(m.now.Add(-time.Hour))); err != nil {
			return err
		}
	}
	return to.flush("django_session")
}

// Data is what a login of user i stores in the session.
func (m *maker) Data(i int) (d sessions.Data) {
	user := auth.User{Password: m.hashes[i]}
	for _, item := range [][2]string{
		{sessionkeys.UserID, strconv.Quote(strconv.Itoa(i + 1))},
		{sessionkeys.Backend, `"django.contrib.auth.backends.ModelBackend"`},
		{sessionkeys.Hash, strconv.Quote(m.auth.SessionAuthHash(&user))},
		{sessionkeys.Ending, m.ending},
	} {
		_ = d.Set(item[0], item[1]) // these are JSON
	}
	return d
}

// Example returns the text of the session data of one login.
func Example(ctx context.Context) (string, error) {
	db, err := server.Open(ctx, "sqlite::memory:")
	if err != nil {
		return "", err
	}
	defer db.Close() //nolint:errcheck // it is gone
	m, err := newMaker(ctx, db)
	if err != nil {
		return "", err
	}
	m.hashes = []password.Hash{"pbkdf2_sha256$1000000$salt$hash"}
	return m.codec.Encode(m.Data(0))
}
