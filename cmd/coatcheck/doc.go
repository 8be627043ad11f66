// Command coatcheck serves Django's session-based authentication, and has Django's commands for
// users, sessions and tables. It is the top of the house.
//
//	coatcheck serve                 the site, on an SQLite file unless told otherwise
//	coatcheck check --deploy        what of its settings is wrong, or not fit for the internet
//	coatcheck migrate               create the tables that are absent
//	coatcheck createsuperuser       as Django's
//	coatcheck changepassword NAME   as Django's
//	coatcheck sessions NAME         where a user is signed in
//	coatcheck explain               why a cookie, a session or a link is not good
//	coatcheck --help                the others
//
// Every flag of every command is also an environment variable, COATCHECK_… ,
// and a key of the JSON file that --config names. A flag beats the environment,
// and the environment beats the file. The exit status is 0, 1 where the command
// failed, or explain was given what is not valid, and 2 where it was called wrongly. Only serve,
// migrate and createsuperuser make files: the default ones, and with --create those that are
// named.
package main
