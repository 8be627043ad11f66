package djangosettings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
)

// neverLogin are backends that sign nobody in: they decide about permissions, or lock. No
// session bears their name, and a Django fails over one that does.
var neverLogin = []string{
	"axes.backends.AxesBackend", "axes.backends.AxesStandaloneBackend",
	"guardian.backends.ObjectPermissionBackend", "rules.permissions.ObjectPermissionBackend",
}

// backendsSetting takes the backends over, so that the sessions of each are accepted.
func backendsSetting(c *conversion, s djangoSetting, value any) {
	paths := slices.DeleteFunc(texts(value), func(path string) bool { return slices.Contains(neverLogin, path) })
	if len(paths) == 0 {
		c.refuse(s.name, "has no backend that signs users in, so Django would believe no login of Coatcheck's")
		return
	}
	if !slices.Equal(paths, []string{auth.ModelBackendName}) {
		c.set(s.flag, paths)
	}
	own, first := false, ""
	for _, path := range paths {
		switch {
		case path == auth.ModelBackendName, path == auth.AllowAllUsersModelBackendName:
			own = true
		case strings.HasSuffix(path, "RemoteUserBackend"):
			c.note(s.name, "has a backend for remote users; set remote_user_header, and remote_user_trusted to the web server's address")
		default:
			c.note(s.name, "has "+path+"; who signs in by it at the site is signed in here too, and nobody signs in by it here")
			first = cmp.Or(first, path)
		}
	}
	if !own && first != "" {
		c.note(s.name, "has no backend of Django's that checks passwords, so a login here is stored under "+first+
			"; list the one first whose class checks the passwords in the database")
	}
}
