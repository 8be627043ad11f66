package memcached

import "testing"

// TestMurmur3 checks pymemcache's own results of murmur3_32 with the seed 0.
func TestMurmur3(t *testing.T) {
	for text, want := range map[string]uint32{
		"": 0, "a": 1009084850, "ab": 2613040991, "abc": 3017643002, "abcd": 1139631978, "test": 3127628307,
		"127.0.0.1:11211-:1:django.contrib.sessions.cacheabcdefgh": wantLong,
	} {
		if got := murmur3(text); got != want {
			t.Errorf("murmur3(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for server, want := range map[string][2]string{
		"127.0.0.1:11211": {"127.0.0.1:11211", "127.0.0.1:11211"}, "localhost": {"localhost:11211", "localhost:11211"},
		"unix:/run/m.sock": {"/run/m.sock", "/run/m.sock"}, "/run/m.sock": {"/run/m.sock", "/run/m.sock"},
		"[::1]:11311": {"::1:11311", "[::1]:11311"}, "[::1]": {"::1:11211", "[::1]:11211"},
	} {
		name, a, err := parse(server)
		if err != nil || name != want[0] || a.String() != want[1] {
			t.Errorf("%s: %q, %q, %v", server, name, a, err)
		}
	}
}

// TestPickServer checks what pymemcache chose of three servers.
func TestPickServer(t *testing.T) {
	s, err := newSelector([]string{"10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range picks {
		if a, err := s.PickServer(key); err != nil || a.String() != want {
			t.Errorf("%s: %v, %v; want %s", key, a, err, want)
		}
	}
}
