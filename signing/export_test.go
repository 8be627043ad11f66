package signing

// Internals for the tests.
var (
	EncodeBase64 = encodeBase64
	DecodeBase64 = decodeBase64
)
