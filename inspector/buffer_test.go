package inspector

import (
	"testing"
	"testing/synctest"
)

// TestBufferWaitsForNobody: a request is recorded at once, whether or not anybody looks at what
// was recorded before; who looks later has missed nothing that is kept.
func TestBufferWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &buffer{}
		wake := b.subscribe()
		added := make(chan bool)
		go func() {
			for range maxRequests + 5 {
				b.add(&record{}, func(*record) {})
			}
			close(added)
		}()
		synctest.Wait()
		select {
		case <-added:
		default:
			t.Error("a request waits for a stream that does not look")
			for going := true; going; {
				select {
				case <-wake:
				case going = <-added:
				}
			}
			return
		}
		<-wake
		records, missed := b.after(0)
		if len(records) != maxRequests || missed != 5 || records[0].ID != 6 {
			t.Errorf("%d records, %d missed", len(records), missed)
		}
		if b.get(5) != nil || b.get(6) == nil || b.get(maxRequests+5) == nil || b.get(maxRequests+6) != nil || b.get(0) != nil {
			t.Error("other requests are kept than the latest")
		}
		b.leave(wake)
		b.add(&record{}, func(*record) {})
		select {
		case <-wake:
			t.Error("a stream that left is woken")
		default:
		}
	})
}
