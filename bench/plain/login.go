package plain

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // a hasher of Django's
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// backend is the one whose users both sites know.
const backend = "django.contrib.auth.backends.ModelBackend"

// age is how long a session lives, Django's default.
const age = 14 * 24 * time.Hour

// login verifies a password, begins a session and stores the time.
func (s *Site) login(w http.ResponseWriter, r *http.Request) {
	var form struct{ Username, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&form); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	user, err := s.rows.UserByName(r.Context(), form.Username)
	if err == nil && (!user.Active || !verifyPassword(form.Password, user.Password)) {
		err = ErrNobody
	}
	if err == nil {
		err = s.begin(w, r, user)
	}
	switch {
	case errors.Is(err, ErrNobody):
		http.Error(w, "not these credentials", http.StatusUnauthorized)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		protocol.Respond(w, `{"message":"`+protocol.LoggedIn+`"}`)
	}
}

func (s *Site) begin(w http.ResponseWriter, r *http.Request, user User) error {
	now, key := time.Now(), strings.ToLower(rand.Text() + rand.Text())[:32]
	text := fmt.Sprintf(`{"_auth_user_id":"%d","_auth_user_backend":"%s","_auth_user_hash":"%s"}`,
		user.ID, backend, s.authHash(user))
	if err := s.rows.Login(r.Context(), user.ID, key, s.sign(text, now), now.Add(age), now); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: "sessionid", Value: key, Path: "/", MaxAge: int(age.Seconds()), Expires: now.Add(age),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return nil
}

// writers are kept, since a new one takes 800 kB.
var writers = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

// sign is django.core.signing.dumps of JSON, compressed.
func (s *Site) sign(text string, now time.Time) string {
	var b bytes.Buffer
	z := writers.Get().(*zlib.Writer) //nolint:forcetypeassert // there is nothing else in it
	defer writers.Put(z)
	z.Reset(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	value := "." + base64.RawURLEncoding.EncodeToString(b.Bytes()) + ":" + base62(now.Unix())
	return value + ":" + base64.RawURLEncoding.EncodeToString(mac(s.dataKey, value))
}

func base62(n int64) (text string) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for ; n > 0; n /= 62 {
		text = digits[n%62:n%62+1] + text
	}
	return text
}

// verifyPassword compares a password with what Django stores of it.
func verifyPassword(raw, encoded string) bool {
	algorithm, rest, _ := strings.Cut(encoded, "$")
	part := strings.Split(rest, "$")
	switch {
	case algorithm == "pbkdf2_sha256" && len(part) == 3:
		return verifyPBKDF2(sha256.New, raw, part)
	case algorithm == "pbkdf2_sha1" && len(part) == 3:
		return verifyPBKDF2(sha1.New, raw, part)
	case algorithm == "argon2" && len(part) == 5:
		return verifyArgon2(raw, part)
	case algorithm == "scrypt" && len(part) == 5:
		return verifyScrypt(raw, part)
	case algorithm == "bcrypt_sha256":
		sum := sha256.Sum256([]byte(raw))
		return bcrypt.CompareHashAndPassword([]byte(rest), []byte(hex.EncodeToString(sum[:]))) == nil
	}
	return false
}

// verifyPBKDF2 checks iterations, salt and base64.
func verifyPBKDF2[H hash.Hash](h func() H, raw string, part []string) bool {
	iterations, err := strconv.Atoi(part[0])
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(part[2])
	if err != nil {
		return false
	}
	key, err := pbkdf2.Key(h, raw, []byte(part[1]), iterations, len(want))
	return err == nil && hmac.Equal(key, want)
}

// verifyArgon2 checks the form of the reference implementation.
func verifyArgon2(raw string, part []string) bool {
	var memory, times uint32
	var threads uint8
	if _, err := fmt.Sscanf(part[2], "m=%d,t=%d,p=%d", &memory, &times, &threads); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[3])
	want, err2 := base64.RawStdEncoding.DecodeString(part[4])
	if err1 != nil || err2 != nil {
		return false
	}
	return hmac.Equal(argon2.IDKey([]byte(raw), salt, times, memory, threads, uint32(len(want))), want)
}

// verifyScrypt checks N, salt, r, p and base64, in Django's order.
func verifyScrypt(raw string, part []string) bool {
	n, err1 := strconv.Atoi(part[0])
	r, err2 := strconv.Atoi(part[2])
	p, err3 := strconv.Atoi(part[3])
	want, err4 := base64.StdEncoding.DecodeString(part[4])
	if errors.Join(err1, err2, err3, err4) != nil {
		return false
	}
	key, err := scrypt.Key([]byte(raw), []byte(part[1]), n, r, p, len(want))
	return err == nil && hmac.Equal(key, want)
}
