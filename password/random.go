package password

import "crypto/rand"

// saltLength is the length of Django's salts: ceil(128 bits / log2(62)).
const saltLength = 22

// letters is Django's RANDOM_STRING_CHARS.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// randomText returns n random characters of letters, each equally likely: bytes
// above the last whole multiple of 62 are thrown away. Django: get_random_string.
func randomText(n int) string {
	const limit = 256 - 256%len(letters)
	text := make([]byte, 0, n)
	buffer := make([]byte, 2*n)
	for len(text) < n {
		_, _ = rand.Read(buffer) // never fails: it ends the program instead
		for _, b := range buffer {
			if int(b) < limit && len(text) < n {
				text = append(text, letters[int(b)%len(letters)])
			}
		}
	}
	return string(text)
}
