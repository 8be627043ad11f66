package memcached

import (
	"fmt"
	"math/bits"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"
)

// selector picks the server of a key as pymemcache's HashClient does: by
// rendezvous, the one whose name and key together have the highest hash; of
// equals the one with the greater name.
type selector struct {
	names []string // as pymemcache puts them into the hash
	addrs []net.Addr
}

var _ memcache.ServerSelector = (*selector)(nil)

// defaultPort is pymemcache's for a server without one.
const defaultPort = "11211"

// addr is an address whose name is resolved when it is dialed.
type addr struct{ network, text string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.text }

func newSelector(servers []string) (*selector, error) {
	s := &selector{}
	for _, server := range servers {
		name, a, err := parse(server)
		if err != nil {
			return nil, err
		}
		s.names, s.addrs = append(s.names, name), append(s.addrs, a)
	}
	return s, nil
}

// parse is pymemcache's normalize_server_spec.
func parse(server string) (name string, a addr, err error) {
	if path, ok := strings.CutPrefix(server, "unix:"); ok || strings.HasPrefix(server, "/") {
		if path == "" {
			return "", a, fmt.Errorf("memcached: server %q has no path", server)
		}
		return path, addr{"unix", path}, nil
	}
	host, port := server, defaultPort
	if h, p, err := net.SplitHostPort(server); err == nil {
		host, port = h, p
	} else {
		host = strings.Trim(server, "[]")
	}
	if host == "" || strings.ContainsAny(host, " /") {
		return "", a, fmt.Errorf("memcached: server %q is not host:port or unix:/path", server)
	}
	return host + ":" + port, addr{"tcp", net.JoinHostPort(host, port)}, nil
}

// PickServer is get_node of pymemcache's RendezvousHash.
func (s *selector) PickServer(key string) (net.Addr, error) {
	best, high := -1, uint32(0)
	for i, name := range s.names {
		score := murmur3(name + "-" + key)
		if best < 0 || score > high || score == high && name > s.names[best] {
			best, high = i, score
		}
	}
	if best < 0 {
		return nil, memcache.ErrNoServers
	}
	return s.addrs[best], nil
}

// Each calls f for every server.
func (s *selector) Each(f func(net.Addr) error) error {
	for _, a := range s.addrs {
		if err := f(a); err != nil {
			return err
		}
	}
	return nil
}

// murmur3 is MurmurHash3 in its 32-bit form with the seed 0.
func murmur3(text string) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*c1, 15) * c2 }
	var h uint32
	whole := len(text) &^ 3
	for i := 0; i < whole; i += 4 {
		k := uint32(text[i]) | uint32(text[i+1])<<8 | uint32(text[i+2])<<16 | uint32(text[i+3])<<24
		h = bits.RotateLeft32(h^mix(k), 13)*5 + 0xe6546b64
	}
	var tail uint32
	for i := len(text) - 1; i >= whole; i-- {
		tail = tail<<8 | uint32(text[i])
	}
	if len(text) > whole {
		h ^= mix(tail)
	}
	h ^= uint32(len(text))
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
