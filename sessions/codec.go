package sessions

import (
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/signing"
)

// DefaultSalt is the salt of the session data of Django's db, cached_db and
// file engines. A store class of one's own has another, made of its name.
const DefaultSalt = "django.contrib.sessions.SessionStore"

// CodecConfig says how session data is signed. Only SecretKey is required.
type CodecConfig struct {
	// SecretKey signs. Django: SECRET_KEY.
	SecretKey string
	// SecretKeyFallbacks only verify. Django: SECRET_KEY_FALLBACKS.
	SecretKeyFallbacks []string
	// Salt is DefaultSalt when empty. For a Django class of one's own:
	// "django.contrib.sessions." and its qualified name.
	Salt string
	// AcceptSHA1 also reads what Django 3.2 wrote with
	// DEFAULT_HASHING_ALGORITHM = 'sha1'.
	AcceptSHA1 bool
}

// String hides the keys.
func (c CodecConfig) String() string { return fmt.Sprintf("sessions.CodecConfig{Salt: %q}", c.Salt) }

// GoString hides the keys.
func (c CodecConfig) GoString() string { return c.String() }

// Codec turns session data into the text of the session_data column and back
// (Django: SessionBase.encode and decode). It is safe for concurrent use.
type Codec struct {
	signer *signing.TimestampSigner
}

// NewCodec makes a Codec. The error is about a missing key.
func NewCodec(c CodecConfig) (*Codec, error) {
	if c.Salt == "" {
		c.Salt = DefaultSalt
	}
	signer, err := signing.NewTimestamp(signing.Config{
		Key: c.SecretKey, FallbackKeys: c.SecretKeyFallbacks, Salt: c.Salt, AcceptSHA1: c.AcceptSHA1,
	})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return &Codec{signer}, nil
}

// Encode signs the data, compressed where that is shorter.
func (c *Codec) Encode(d Data) string { return c.signer.DumpsText(d.JSON(), true) }

// Decode verifies and reads what Encode or Django wrote, of any age. The error
// is signing.ErrBadSignature, or signing.ErrMalformed and the like for data
// that only a holder of the key can have written.
func (c *Codec) Decode(text string) (Data, error) {
	payload, err := c.signer.LoadsText(text)
	if err != nil {
		return Data{}, err
	}
	d, err := ParseData(payload)
	if err != nil {
		return Data{}, fmt.Errorf("%w: %w", signing.ErrMalformed, err)
	}
	return d, nil
}

// DecodeSigned is Decode, and also says when the data was signed, in whole
// seconds.
func (c *Codec) DecodeSigned(text string) (Data, time.Time, error) {
	_, at, err := c.signer.Unsign(text)
	if err != nil {
		return Data{}, time.Time{}, err
	}
	d, err := c.Decode(text)
	return d, at, err
}
