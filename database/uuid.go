package database

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// newUUID returns a random UUID (RFC 9562, version 4; Python: uuid.uuid4).
func newUUID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // it never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// formatUUID writes a UUID as Python's str does.
func formatUUID(id [16]byte) string {
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// parseUUID reads a UUID with or without dashes.
func parseUUID(text string) (id [16]byte, ok bool) {
	digits := strings.ReplaceAll(text, "-", "")
	if len(digits) != 32 {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(digits))
	return id, err == nil
}
