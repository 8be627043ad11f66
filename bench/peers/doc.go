// Command peers are servers by other libraries, which the bench measures beside Coatcheck. They
// are a module of their own, so that nothing else depends on these libraries:
//
//	go -C bench/peers build -o /tmp/peers . && go -C bench run . -peers /tmp/peers
//
// Each keeps the session where the library does, and loads the user of it by one SELECT. None
// compares the session with the password of the user, as Django and Coatcheck do.
package main
