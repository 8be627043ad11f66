// Package backends has the backends beside auth.ModelBackend: [RemoteUser] for users whom
// a web server in front has checked, and [Session] for users whom the backend of a Django
// site beside this one signed in. [Named] makes the list of a site's
// AUTHENTICATION_BACKENDS. Django: django.contrib.auth.backends. The package stands
// directly above auth.
package backends
