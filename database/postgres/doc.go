// Package postgres opens Django's tables in PostgreSQL 10 or later. It is on floor 1, the
// database.
//
//	db, err := postgres.Open(ctx, "postgres://app:secret@localhost:5432/app")
//
// It stands on pgx, whose connection parameters all apply, among them
// pool_max_conns, sslmode, search_path, and, behind PgBouncer in transaction
// mode, default_query_exec_mode=exec.
package postgres
