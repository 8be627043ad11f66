package dialect

import (
	"context"

	"github.com/coatcheck/coatcheck/internal/changes"
)

// Watched are the tables whose changes are told, as they are written in statements.
type Watched struct {
	Users  string
	UserID string // the column of the primary key
	// Endings is the table by user_id of the times when all sessions of a user ended; empty where
	// there is none.
	Endings string
}

// ChannelFunc returns how an engine tells of changes to the tables. Ready reports what is amiss
// with the triggers of the tables, and is to be asked from time to time.
type ChannelFunc func(w Watched, ready func(context.Context) error) *changes.Channel

// Triggers are those by which an engine tells of changes.
type Triggers struct {
	// Create are the statements that create them, in place of older ones.
	Create []string
	// Count is a query for how many there are, and Want how many there should be.
	Count string
	Want  int
}
