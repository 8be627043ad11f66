// Package smtp sends messages by a mail server (Django:
// django.core.mail.backends.smtp.EmailBackend). It is on floor 0, the pure tools.
//
//	sender, err := smtp.New(smtp.Config{
//		Host: "smtp.example.com", Username: "shop", Password: os.Getenv("EMAIL_HOST_PASSWORD"),
//		From: "The shop <shop@example.com>",
//	})
//
// The connection is encrypted by STARTTLS, and the server's certificate is
// checked: a server that offers no STARTTLS, or fails at it, gets neither the
// message nor the password (CVE-2026-7666). Each message has a connection of its
// own.
package smtp
