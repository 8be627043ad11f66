// Package mailtest is beside the floors, for the tests of programs that send
// mail: a real SMTP server on this machine, which keeps what it gets.
//
//	func TestForgottenPassword(t *testing.T) {
//		server := mailtest.NewServer(t)
//		// let the program send to server.Host() and server.Port(), then
//		got := server.Wait(t, 1)[0]
//		// look at got.Subject, got.Text, got.HTML
//	}
//
// [Start] makes servers that demand STARTTLS or a password, refuse a command, or
// fall silent. The server holds clients to the rules: lines end in CRLF and are
// not too long, and commands come in order.
package mailtest
