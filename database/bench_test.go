package database_test

import (
	"context"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// BenchmarkHot measures the two queries of every signed-in request, on every
// engine that is on this machine.
func BenchmarkHot(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db := e.db(b)
			ctx := context.Background()
			u := &database.User{Username: "joe", Password: "pbkdf2_sha256$1$a$b", IsActive: true, LastLogin: moment}
			must(b, db.CreateUser(ctx, u))
			data := "eyJfYXV0aF91c2VyX2lkIjoiMSJ9:1xVaHr:MtMlgPmS0BdHoDwbMrniJHUmIEYokinnby8418dC06k"
			must(b, db.InsertSession(ctx, session(key, data)))
			for name, query := range map[string]func() error{
				"session": func() error { _, err := db.SessionByKey(ctx, key, moment); return err },
				"user":    func() error { _, err := db.UserByID(ctx, u.ID); return err },
				"update":  func() error { return db.UpdateSession(ctx, session(key, data), data) },
			} {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						must(b, query())
					}
				})
			}
		})
	}
}
