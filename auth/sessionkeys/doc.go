// Package sessionkeys names what a session keeps of a login, and reads it: Django's three
// keys, and Coatcheck's own, which a Django beside keeps and does not look at. It stands
// between layer 2 and 3 of 5, below auth.
package sessionkeys
