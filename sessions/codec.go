package sessions

import (
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/signing"
)

// DefaultSalt is the salt of the session data of Django's db, cached_db and
// file engines. A store class of one's own has another, made of its name.
const DefaultSalt = "django.contrib.sessions.SessionStore"

// CodecConfig specifies how session data is signed. Only Keys are required.
type CodecConfig struct {
	// Keys sign and verify.
	Keys signing.Keys
	// Salt is DefaultSalt when empty. For a Django class of one's own:
	// "django.contrib.sessions." and its qualified name.
	Salt string
	// Serializer is JSONSerializer when empty. Django: SESSION_SERIALIZER.
	Serializer Serializer
}

// String hides the keys.
func (c CodecConfig) String() string { return fmt.Sprintf("sessions.CodecConfig{Salt: %q}", c.Salt) }

// GoString hides the keys.
func (c CodecConfig) GoString() string { return c.String() }

// Codec turns session data into the text of the session_data column and back
// (Django: SessionBase.encode and decode). It is safe for concurrent use.
type Codec struct {
	signer *signing.TimestampSigner
	pickle bool
}

// NewCodec returns a Codec. The error is about a missing key or an unknown serializer.
func NewCodec(c CodecConfig) (*Codec, error) {
	if c.Salt == "" {
		c.Salt = DefaultSalt
	}
	signer, err := signing.NewTimestamp(signing.Config{
		Key: c.Keys.Secret, FallbackKeys: c.Keys.Fallbacks, Salt: c.Salt, AcceptSHA1: c.Keys.AcceptSHA1,
	})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	if err := c.Serializer.check(); err != nil {
		return nil, err
	}
	return &Codec{signer, c.Serializer == PickleSerializer}, nil
}

// Encode signs the data, compressed where that is shorter. The error is ErrTooLarge.
func (c *Codec) Encode(d Data) (string, error) {
	text := ""
	if c.pickle {
		var err error
		if text, err = d.Pickle(rowPickle); err != nil {
			return "", err
		}
	} else {
		text = d.JSON()
	}
	return c.signer.DumpsText(text, true), nil
}

// Decode verifies and reads what Encode or Django wrote, of any age. The error
// is signing.ErrBadSignature, or signing.ErrMalformed and the like for data
// that only a holder of the key can have written.
func (c *Codec) Decode(text string) (Data, error) {
	r := c.Record(text)
	return r.Data, r.Corrupt
}

// Record is Decode for a store: the record has Data, Version, Corrupt and ReadOnly. What
// a PickleSerializer's session holds beyond Data makes it read-only, and so does all of a
// session whose pickle cannot be read: it is empty then, and is never written back.
func (c *Codec) Record(text string) *Record {
	r := &Record{Version: text}
	payload, err := c.signer.LoadsText(text)
	switch {
	case err != nil:
		r.Corrupt = err
	case c.pickle:
		r.Data, r.ReadOnly, err = ParsePickle(payload)
		if err != nil {
			err = fmt.Errorf("%w: %w", signing.ErrMalformed, err)
			r.Data, r.Corrupt, r.ReadOnly = Data{}, err, err
		}
	default:
		if r.Data, err = ParseData(payload); err != nil {
			r.Data, r.Corrupt = Data{}, fmt.Errorf("%w: %w", signing.ErrMalformed, err)
		}
	}
	return r
}

// RecordSigned is Record, and also says when the data was signed, in whole seconds; zero
// where that cannot be read.
func (c *Codec) RecordSigned(text string) (*Record, time.Time) {
	_, at, err := c.signer.Unsign(text)
	if err != nil {
		return &Record{Version: text, Corrupt: err}, time.Time{}
	}
	return c.Record(text), at
}
