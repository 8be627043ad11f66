// Package mail is on floor 0, the pure tools: messages to one user, such as the
// link for a forgotten password, and the ways to send them.
//
// A [Message] has a text and, if wanted, the same in HTML. A [Sender] takes it
// away:
//
//   - [Console] prints it, for development.
//   - [Dir] writes it to a folder, a file for each message.
//   - smtp.Sender, in the folder mail/smtp, gives it to a mail server.
//
// Package mailtest has a mail server for tests. A sender of one's own, for the
// interface of an email provider, is one method; [Message.Check] and
// [Message.Encode] do the rest for it.
//
// Messages hold links that are secrets. They do not print themselves, and no
// error of this package quotes them.
package mail
