// Command coatcheck is the top of the house: the server and the command line
// over the library's five floors.
//
//	coatcheck serve                 the site, on an SQLite file unless told otherwise
//	coatcheck migrate               create the tables that are absent
//	coatcheck createsuperuser       as Django's
//	coatcheck changepassword NAME   as Django's
//	coatcheck unlock NAME           let a locked account log in at once
//	coatcheck clearsessions         remove expired sessions
//	coatcheck pwned build FILE      a filter of leaked passwords, for --pwned-filter
//	coatcheck version
//
// Every flag of every command is also an environment variable, COATCHECK_… ,
// and a key of the JSON file that --config names. A flag beats the environment,
// and the environment beats the file. The exit status is 0, 1 where the command
// failed, and 2 where it was called wrongly.
package main
