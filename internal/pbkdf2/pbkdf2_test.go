package pbkdf2

import (
	"bytes"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestWycheproof derives the keys of Project Wycheproof's vectors.
func TestWycheproof(t *testing.T) {
	text, err := os.ReadFile("testdata/wycheproof/pbkdf2_hmacsha256_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Tests []struct {
				TcID           int
				Password, Salt string
				IterationCount int
				DkLen          int
				Dk, Result     string
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, group := range file.TestGroups {
		for _, c := range group.Tests {
			seen++
			key, err := Key(unhex(t, c.Password), []byte(unhex(t, c.Salt)), c.IterationCount, c.DkLen)
			if err != nil || (hex.EncodeToString(key) == c.Dk) != (c.Result == "valid") {
				t.Errorf("test %d: %x, %v, want %s (%s)", c.TcID, key, err, c.Dk, c.Result)
			}
		}
	}
	if seen == 0 || seen != file.NumberOfTests {
		t.Errorf("%d vectors, want %d", seen, file.NumberOfTests)
	}
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A derivationCase is what a key is derived from.
type derivationCase struct {
	password   string
	salt       []byte
	iterations int
	length     int
}

func randomCase(random *rand.Rand) derivationCase {
	edges := []int{0, 1, 31, 32, 55, 56, 63, 64, 65, 127, 128, 129, 200}
	text := func() []byte {
		n := random.IntN(80)
		if random.IntN(2) == 0 {
			n = edges[random.IntN(len(edges))]
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	c := derivationCase{string(text()), text(), random.IntN(20), 1 + random.IntN(100)}
	if random.IntN(20) == 0 {
		c.iterations = random.IntN(3 * MaxStep)
	}
	return c
}

// check compares a derivation that is done with the standard library.
func (c derivationCase) check(t *testing.T, d *Derivation) {
	t.Helper()
	want, wantErr := pbkdf2.Key(sha256.New, c.password, c.salt, c.iterations, c.length)
	got, err := d.Key()
	if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
		t.Fatalf("%+v: %x, %v, want %x, %v", c, got, err, want, wantErr)
	}
}

// TestRandomCases compares random derivations with the standard library, two at once in steps
// of random length. COATCHECK_PBKDF2_CASES is how many, 4,000 if it is not set.
func TestRandomCases(t *testing.T) {
	cases := 4000
	if s := os.Getenv("COATCHECK_PBKDF2_CASES"); s != "" {
		var err error
		if cases, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	for range cases / 2 {
		a, b := randomCase(random), randomCase(random)
		x := New(a.password, a.salt, a.iterations, a.length)
		y := New(b.password, b.salt, b.iterations, b.length)
		for !x.Done() || !y.Done() {
			switch random.IntN(4) {
			case 0:
				Step(x, nil, 1+random.IntN(2*MaxStep))
			case 1:
				Step(nil, y, 1+random.IntN(2*MaxStep))
			default:
				Step(x, y, 1+random.IntN(2*MaxStep))
			}
		}
		a.check(t, x)
		b.check(t, y)
	}
}

// TestLengths derives keys of several blocks from passwords and salts around the sizes of blocks.
func TestLengths(t *testing.T) {
	for _, password := range []int{0, 1, 32, 63, 64, 65, 127, 128, 129, 1000} {
		for _, salt := range []int{0, 1, 16, 51, 52, 64, 65, 500} {
			for _, length := range []int{1, 31, 32, 33, 64, 65, 200} {
				c := derivationCase{
					string(bytes.Repeat([]byte{0xa5}, password)), bytes.Repeat([]byte{0x5a}, salt), 3, length,
				}
				d := New(c.password, c.salt, c.iterations, c.length)
				for !d.Done() {
					Step(d, nil, MaxStep)
				}
				c.check(t, d)
			}
		}
	}
}

// TestIterations counts: none is like one, as in the standard library.
func TestIterations(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 2, 3, MaxStep, MaxStep + 1, MaxStep + 2, 2*MaxStep + 1, 10_000} {
		c := derivationCase{"password", []byte("salt"), n, 40}
		d := New(c.password, c.salt, c.iterations, c.length)
		for steps := 0; !d.Done(); steps++ {
			if steps > 2*(max(n, 0)/MaxStep+1) {
				t.Fatalf("%d iterations take more than %d steps", n, steps)
			}
			Step(nil, d, 10*MaxStep)
		}
		c.check(t, d)
	}
}

// TestStepsAreBounded: no step is longer than MaxStep, whatever is asked for, so that no
// assembly runs for long.
func TestStepsAreBounded(t *testing.T) {
	needAssembly(t)
	x, y := New("x", nil, 10*MaxStep, 32), New("y", nil, 2, 32)
	Step(x, nil, 1<<30)
	if x.left != 9*MaxStep-1 {
		t.Errorf("%d iterations are left", x.left)
	}
	Step(x, y, 1<<30)
	if !y.Done() || x.left != 9*MaxStep-2 {
		t.Errorf("both: done %v, %d iterations are left", y.Done(), x.left)
	}
}

// TestErrors fails as the standard library does, and for a key that is not there yet.
func TestErrors(t *testing.T) {
	for _, length := range []int{0, -1, math.MinInt, math.MaxInt} {
		if key, err := Key("password", []byte("salt"), 1, length); err == nil {
			t.Errorf("a key of %d bytes: %x", length, key)
		}
		if key, err := pbkdf2.Key(sha256.New, "password", []byte("salt"), 1, length); err == nil {
			t.Errorf("the standard library's key of %d bytes: %x", length, key)
		}
	}
	if key, err := New("password", []byte("salt"), 1000, 32).Key(); err == nil {
		t.Errorf("before it is done: %x", key)
	}
}

// TestFIPS: in FIPS mode the standard library computes. The test is of use where
// GODEBUG=fips140=on is set, as TestFIPSProcess does.
func TestFIPS(t *testing.T) {
	d := New("password", []byte("salt"), 1000, 32)
	if fips140.Enabled() && (Accelerated() || !d.plain) {
		t.Error("assembly computes in FIPS mode")
	}
	if !fips140.Enabled() && available() && (!Accelerated() || d.plain) {
		t.Errorf("the standard library computes although there is assembly: %v", SelfTest())
	}
	Step(d, nil, 1)
	if fips140.Enabled() {
		derivationCase{"password", []byte("salt"), 1000, 32}.check(t, d)
	}
}

// TestSelfTest finds what computes wrong: one lane, either of two, and nothing where all is right.
func TestSelfTest(t *testing.T) {
	needAssembly(t)
	wrong := func(l *lane) { l.sum[3] ^= 1 }
	for name, c := range map[string]struct {
		one  func(*lane, int)
		two  func(a, b *lane, n int)
		want error
	}{
		"right":          {iterate1, iterate2, nil},
		"one lane":       {func(a *lane, n int) { iterate1(a, n); wrong(a) }, iterate2, ErrSelfTest},
		"first of two":   {iterate1, func(a, b *lane, n int) { iterate2(a, b, n); wrong(a) }, ErrSelfTest},
		"second of two":  {iterate1, func(a, b *lane, n int) { iterate2(a, b, n); wrong(b) }, ErrSelfTest},
		"one iteration":  {func(a *lane, n int) { iterate1(a, n-1) }, iterate2, ErrSelfTest},
		"nothing at all": {func(*lane, int) {}, func(*lane, *lane, int) {}, ErrSelfTest},
	} {
		if err := compare(c.one, c.two); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := SelfTest(); err != nil {
		t.Error(err)
	}
}

// FuzzKey compares with the standard library.
func FuzzKey(f *testing.F) {
	f.Add("password", []byte("salt"), uint16(1000), uint8(32))
	f.Add("", []byte{}, uint16(0), uint8(0))
	f.Fuzz(func(t *testing.T, password string, salt []byte, iterations uint16, length uint8) {
		c := derivationCase{password, salt, int(iterations) % (2 * MaxStep), int(length)}
		d := New(c.password, c.salt, c.iterations, c.length)
		other := New(password+"x", salt, int(iterations)/100, 32)
		for !d.Done() {
			Step(other, d, 100)
		}
		c.check(t, d)
	})
}
