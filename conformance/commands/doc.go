// Package commands types the commands of coatcheck as a user would, and holds the conversion
// of settings against those that real Djangos read.
package commands
