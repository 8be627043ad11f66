package throttle

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// namesSalt keeps the key of the names apart from what else a secret key is for.
const namesSalt = "coatcheck.throttle"

// Names returns the names of budgets. They reveal nothing to readers of a store:
// neither whose account it is nor from which address somebody came, nor the
// password that somebody typed for a username.
type Names struct{ key [sha256.Size]byte }

// NewNames returns the names of a site with this secret key (Django: SECRET_KEY).
// Nodes that share a store need the same one; with a new one every budget is whole.
func NewNames(secretKey string) *Names {
	return &Names{sha256.Sum256([]byte(namesSalt + secretKey))}
}

// Name is the name of the budget of a kind for a value: 64 hexadecimal digits, the
// HMAC-SHA-256 of "kind:value" (Django: salted_hmac). The kind has no colon.
func (n *Names) Name(kind, value string) string {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write([]byte(kind + ":" + value))
	return hex.EncodeToString(mac.Sum(nil))
}

// String hides the key.
func (n Names) String() string { return "throttle.Names{…}" }

// GoString hides the key.
func (n Names) GoString() string { return n.String() }

// Address is what attempts from an address are counted under: an IPv4 address
// also where it is written as IPv6, and of an IPv6 address the first 64 bits,
// because that is what one client is given and can change within. The zone does
// not count. An invalid address has the empty text, under which nothing is to be
// counted: nobody knows who came.
func Address(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		if !a.IsValid() {
			return ""
		}
		return a.String()
	}
	network, _ := a.Prefix(64) // an IPv6 address has 64 bits
	return network.String()
}
