// Package filestore keeps each session in a file of its own, which Django reads and writes
// too (Django: django.contrib.sessions.backends.file). It is on floor 2, the session engine.
//
// A change is a new file that takes the old one's place in one step, while no
// other process of this program can touch that session; on Linux a file that is
// gone, no matter who removed it, is not created again. All processes must see one local
// file system: locks of network file systems are not to be relied on.
package filestore
