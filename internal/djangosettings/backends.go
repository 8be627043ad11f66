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

// backendsSetting converts the backends, so that the sessions of each are accepted.
func backendsSetting(c *conversion, s djangoSetting, value any) {
	paths := slices.DeleteFunc(texts(value), func(path string) bool { return slices.Contains(neverLogin, path) })
	if len(paths) == 0 {
		c.refuse(s.name, "has no backend that signs users in, so Django would believe no login of "+
			"Coatcheck's")
		return
	}
	if !slices.Equal(paths, []string{auth.ModelBackendName}) {
		c.set(s.flag, paths)
	}
	own := slices.ContainsFunc(paths, func(path string) bool {
		return path == auth.ModelBackendName || path == auth.AllowAllUsersModelBackendName
	})
	first := ""
	for _, path := range paths {
		switch {
		case path == auth.ModelBackendName, path == auth.AllowAllUsersModelBackendName:
		case strings.HasSuffix(path, "RemoteUserBackend"):
			c.note(s.name, "has a backend for remote users; set remote_user_header, and "+
				"remote_user_trusted to the web server's address")
		case !own:
			first = cmp.Or(first, path)
		default:
			c.note(s.name, "has "+path+"; who signs in by it at the site is signed in here too, and "+
				"nobody signs in by it here")
		}
	}
	if first != "" {
		c.note(s.name, "has no backend of Django's that checks passwords: a login here checks those in "+
			"the database and is stored under "+
			first+", so list the one first whose class does so; who signs in at the site by any of them "+
			"is signed in here too")
	}
}
