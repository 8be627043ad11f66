package resettoken

import (
	"errors"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/internal/pybase64"
)

// maxUID is how many bytes of a link are looked at; a UUID takes 48.
const maxUID = 1024

// ErrInvalidUID: what names the user in a link is broken.
var ErrInvalidUID = errors.New("resettoken: this does not name a user")

// EncodeUID writes the ID of a user for a link (Django:
// urlsafe_base64_encode(force_bytes(user.pk)), the uidb64 of its URLs).
func EncodeUID(id string) string { return pybase64.Encode([]byte(id)) }

// DecodeUID reads what EncodeUID writes, and whatever else Django's
// urlsafe_base64_decode reads, such as padding and stray characters; at most
// 1,024 bytes. The error is ErrInvalidUID.
func DecodeUID(uidb64 string) (string, error) {
	if len(uidb64) > maxUID {
		return "", ErrInvalidUID
	}
	id, err := pybase64.Decode(uidb64, len(uidb64)%4)
	if err != nil || !utf8.Valid(id) {
		return "", ErrInvalidUID
	}
	return string(id), nil
}
