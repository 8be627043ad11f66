package password

import "strings"

// Crypt verifies crypt$$<13 characters>, the DES hash of old Unixes, which reads
// eight characters of a password. It only verifies and is not in
// [DefaultHashers]. Django up to 4.2: CryptPasswordHasher.
type Crypt struct{}

func (Crypt) verifyOnly() {}

// Algorithm is "crypt".
func (Crypt) Algorithm() string { return "crypt" }

// Encode fails with ErrVerifyOnly.
func (Crypt) Encode(string) (Hash, error) { return "", ErrVerifyOnly }

// MustUpdate is always true but under Never.
func (Crypt) MustUpdate(_ Hash, p UpdatePolicy) bool { return p != Never }

// Cost is nothing beside a real password hash.
func (Crypt) Cost(h Hash) (Cost, error) {
	if h == "" {
		return Cost{}, nil
	}
	_, err := parseCrypt(h)
	return Cost{}, err
}

// Verify reports whether raw makes h.
func (Crypt) Verify(raw string, h Hash) (bool, error) {
	data, err := parseCrypt(h)
	if err != nil {
		return false, err
	}
	// The C function ends at a NUL, and Python does not pass one on to it.
	return same(desCrypt(raw, data[:2]), data) && !strings.Contains(raw, "\x00"), nil
}

func parseCrypt(h Hash) (data string, err error) {
	data, ok := strings.CutPrefix(string(h), "crypt$$")
	switch {
	case !ok:
		return "", ErrMalformed
	case strings.HasPrefix(data, "$"): // md5, sha512 and more, as the C library had them
		return "", ErrUnsupported
	case len(data) != 13:
		return "", ErrMalformed
	}
	for i := range len(data) {
		if strings.IndexByte(cryptAlphabet, data[i]) < 0 {
			return "", ErrMalformed
		}
	}
	return data, nil
}

const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The tables of DES (FIPS 46-3); positions count from 1.
var (
	desPC1 = [56]byte{
		57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
		63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
	}
	desPC2 = [48]byte{
		14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
		41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
	}
	desP = [32]byte{
		16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
		2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
	}
	desShifts = [16]int{1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1}
	desS      = [8][64]byte{
		{
			14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
			4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
		},
		{
			15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
			0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
		},
		{
			10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
			13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
		},
		{
			7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
			10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
		},
		{
			2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
			4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
		},
		{
			12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
			9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
		},
		{
			4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
			1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
		},
		{
			13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
			7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
		},
	}
)

// desCrypt is the traditional crypt(3): DES of nothing, 25 times over, with the
// password as the key and an expansion that the salt has shuffled. It works on
// one bit a byte, which is slow enough to be read and fast enough for a login.
func desCrypt(raw, salt string) string {
	keys := desKeys(raw)
	expand := desExpansion(salt)
	var left, right [32]byte // between IP and its inverse, which cancel out
	for range 25 {
		for _, key := range keys {
			f := desRound(right, expand, key)
			for i := range f {
				f[i] ^= left[i]
			}
			left, right = right, f
		}
		left, right = right, left
	}
	return salt + desText(left, right)
}

// desKeys spreads seven bits of each of eight characters over 16 round keys.
func desKeys(raw string) (keys [16][48]byte) {
	var key [64]byte
	for i := range min(8, len(raw)) {
		for j := range 7 {
			key[8*i+j] = raw[i] >> (6 - j) & 1
		}
	}
	var cd [56]byte
	for i, at := range desPC1 {
		cd[i] = key[at-1]
	}
	turned := 0
	for round, by := range desShifts {
		turned += by
		for i, at := range desPC2 {
			half := int(at-1) / 28 * 28
			keys[round][i] = cd[half+(int(at-1)-half+turned)%28]
		}
	}
	return keys
}

// desExpansion is DES's E with the pairs swapped that the salt names.
func desExpansion(salt string) (expand [48]byte) {
	for i := range expand {
		expand[i] = byte((i/6*4 + i%6 + 31) % 32)
	}
	for i := range 2 {
		bits := strings.IndexByte(cryptAlphabet, salt[i])
		for j := range 6 {
			if bits>>j&1 == 1 {
				a := 6*i + j
				expand[a], expand[a+24] = expand[a+24], expand[a]
			}
		}
	}
	return expand
}

func desRound(right [32]byte, expand, key [48]byte) (out [32]byte) {
	var mixed [32]byte
	for box := range 8 {
		var in [6]byte
		for i := range in {
			in[i] = right[expand[6*box+i]] ^ key[6*box+i]
		}
		row := in[0]<<1 | in[5]
		column := in[1]<<3 | in[2]<<2 | in[3]<<1 | in[4]
		for i := range 4 {
			mixed[4*box+i] = desS[box][row<<4|column] >> (3 - i) & 1
		}
	}
	for i, at := range desP {
		out[i] = mixed[at-1]
	}
	return out
}

// desText applies the inverse of IP and writes 64 bits as 11 characters.
func desText(left, right [32]byte) string {
	var block [66]byte
	for i := range 32 {
		// IP takes bits 58, 50, ... 2, 60, ... into the left half, and those
		// before them, 57, 49, ..., into the right one.
		at := 8*(7-i%8) + 2*(i/8)
		block[at+1], block[at] = left[i], right[i]
	}
	text := make([]byte, 11)
	for i := range text {
		n := 0
		for j := range 6 {
			n = n<<1 | int(block[6*i+j])
		}
		text[i] = cryptAlphabet[n]
	}
	return string(text)
}
