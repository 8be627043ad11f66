// Package signing provides Django's django.core.signing, byte for byte. It is on floor 0, the
// pure tools.
//
// A [Signer] appends a signature to a text, a [TimestampSigner] a time and a
// signature, and [TimestampSigner.Dumps] and [TimestampSigner.Loads] carry a
// whole value as signed, optionally compressed JSON. What one side signs the
// other verifies, Django 3.2 to 6.1, as long as key and salt are the same.
//
// Signing is not encryption: anyone who holds the text can read it.
package signing
