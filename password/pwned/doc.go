// Package pwned refuses passwords that have appeared in data leaks, without asking a server.
// It is on floor 0, the pure tools.
//
// [Build] turns a list of leaked passwords, or of their SHA-1 hashes, into one
// file; coatcheck pwned build does the same. [Open] opens the file, and
// [Validator] judges new passwords by it:
//
//	filter, err := pwned.Open("pwned.filter")
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer filter.Close()
//	validators := append(validate.Default(), pwned.Validator{Filter: filter})
//
// The file has a binary fuse filter for each first byte of the hash: for every
// password of the list it says yes, and for 15 of a million others too; of those
// built with Small for 3,906 of a million. It holds no hash and no password, and
// nothing is ever sent over a network. A question costs three reads of two bytes.
package pwned
