// Package pystr has the methods of Python's str where Go's strings package differs. It is on
// floor 0, the pure tools, at the very bottom of them.
//
// Python strips more than Go's unicode.IsSpace, lower-cases with the full
// mappings of Unicode (İ becomes two code points, Σ knows the end of a word),
// folds case with the full foldings (ß is ss), and reads broken UTF-8 with one
// replacement for a broken sequence, not for each byte. Usernames, email
// addresses, cookies and URLs go through these functions, so that both sides
// of a shared site see the same text.
//
// Everything here takes time linear in the text. What is plain ASCII is
// returned without an allocation where the result is the text itself.
package pystr
