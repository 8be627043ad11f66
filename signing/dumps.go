package signing

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// MaxInflated is how many bytes a compressed value may have when decompressed.
const MaxInflated = 4 << 20

// Dumps signs a value as JSON (Django: dumps). With compress set it is
// compressed where that makes it shorter. The rules of encoding/json say how v
// becomes JSON; the spelling is Python's. The error is about a v that has no
// JSON.
func (s *TimestampSigner) Dumps(v any, compress bool) (string, error) {
	text, err := pyjson.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return s.DumpsText(text, compress), nil
}

// Loads verifies a signed value and reads its JSON into v by the rules of
// encoding/json (Django: loads). The error is ErrBadSignature or ErrMalformed.
func (s *TimestampSigner) Loads(signed string, v any) error {
	text, err := s.LoadsText(signed)
	if err != nil {
		return err
	}
	return unmarshal(text, v)
}

// LoadsMaxAge is Loads for a value that must not be older than maxAge, else
// ErrExpired (Django: loads with max_age).
func (s *TimestampSigner) LoadsMaxAge(signed string, maxAge time.Duration, v any) error {
	payload, err := s.UnsignMaxAge(signed, maxAge)
	if err != nil {
		return err
	}
	text, err := unpack(payload)
	if err != nil {
		return err
	}
	return unmarshal(text, v)
}

func unmarshal(text string, v any) error {
	text, err := pyjson.Parse(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := pyjson.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// DumpsText signs text that is JSON already, as it is. Most programs want Dumps.
func (s *TimestampSigner) DumpsText(text string, compress bool) string {
	return s.Sign(pack(text, compress))
}

// LoadsText verifies a signed value of any age and returns what was signed,
// decompressed and not looked at otherwise. Most programs want Loads.
func (s *TimestampSigner) LoadsText(signed string) (string, error) {
	payload, _, err := s.Unsign(signed)
	if err != nil {
		return "", err
	}
	return unpack(payload)
}

// pack is the part of Signer.sign_object before the signature: a leading dot
// marks compressed data.
func pack(text string, compress bool) string {
	if compress {
		if packed := deflate(text); len(packed) < len(text)-1 {
			return "." + encodeBase64(packed)
		}
	}
	return encodeBase64([]byte(text))
}

func unpack(payload string) (string, error) {
	encoded, compressed := strings.CutPrefix(payload, ".")
	raw, err := decodeBase64(encoded)
	switch {
	case err != nil:
		return "", err
	case compressed:
		return inflate(raw)
	}
	return string(raw), nil
}

var deflaters = sync.Pool{New: func() any { return zlib.NewWriter(io.Discard) }}

func deflate(text string) []byte {
	w := deflaters.Get().(*zlib.Writer)
	defer deflaters.Put(w)
	var buf bytes.Buffer
	w.Reset(&buf)
	io.WriteString(w, text) // a bytes.Buffer takes every write
	w.Close()
	return buf.Bytes()
}

var inflaters = sync.Pool{New: func() any { return &inflater{} }}

// inflater is a reader of zlib's format with the buffers of a call.
type inflater struct {
	src     bytes.Reader
	zlib    io.ReadCloser // nil until the first call
	limited io.LimitedReader
	out     bytes.Buffer
}

// inflate returns what was packed, at most MaxInflated bytes.
func inflate(packed []byte) (string, error) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	err := z.inflate(packed)
	defer z.clear()
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	case z.out.Len() > MaxInflated:
		return "", ErrTooLarge
	}
	return z.out.String(), nil
}

// inflate reads packed into z.out, one byte more than the limit at most.
func (z *inflater) inflate(packed []byte) (err error) {
	z.src.Reset(packed)
	if z.zlib == nil {
		z.zlib, err = zlib.NewReader(&z.src)
	} else {
		err = z.zlib.(zlib.Resetter).Reset(&z.src, nil)
	}
	if err != nil {
		return err
	}
	z.limited = io.LimitedReader{R: z.zlib, N: MaxInflated + 1}
	_, err = z.out.ReadFrom(&z.limited)
	return err
}

// clear forgets what was inflated, and a buffer that has grown.
func (z *inflater) clear() {
	z.src.Reset(nil)
	if z.out.Reset(); z.out.Cap() > maxKept {
		z.out = bytes.Buffer{}
	}
}
