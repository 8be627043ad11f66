package conformance_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestOTP: beside a site with Debian's django-otp the settings become a config with which
// users who have confirmed a device log in at the site alone, and are then signed in here.
func TestOTP(t *testing.T) {
	t.Parallel()
	p := newSettingsPair(t, "4.2", "INSTALLED_APPS = INSTALLED_APPS + ['django_otp', 'django_otp.plugins.otp_totp']\n"+
		"MIDDLEWARE = MIDDLEWARE + ['django_otp.middleware.OTPMiddleware']\n")
	p.start()
	p.noted("has django_otp.plugins.otp_totp: a login here asks for no code")
	p.loginsOfBothSides() // without a device
	for _, confirmed := range []string{"False", "True"} {
		p.django.Manage("shell", "-c", "from django.contrib.auth.models import User; from django_otp.plugins.otp_totp.models import TOTPDevice; "+
			"TOTPDevice.objects.create(user=User.objects.get(), name='telephone', confirmed="+confirmed+")")
		b := newBrowser(t)
		got := p.post(b, "/accounts/login/", url.Values{"username": {settingsUser}, "password": {somePassword}})
		if (got.status == http.StatusForbidden) != (confirmed == "True") {
			t.Errorf("a login at Coatcheck with a device, confirmed %s: %d", confirmed, got.status)
		}
		p.signedIn(b, confirmed == "False", "after a login with a device, confirmed "+confirmed)
		p.enter(b, false, settingsUser)
		p.signedIn(b, true, "after a login at Django")
	}
}

// TestAxes: beside a site with Debian's django-axes its locks hold at the site alone, as
// the conversion says.
func TestAxes(t *testing.T) {
	t.Parallel()
	p := newSettingsPair(t, "4.2", "INSTALLED_APPS = INSTALLED_APPS + ['axes']\n"+
		"AUTHENTICATION_BACKENDS = ['axes.backends.AxesBackend', 'django.contrib.auth.backends.ModelBackend']\n"+
		"MIDDLEWARE = MIDDLEWARE + ['axes.middleware.AxesMiddleware']\n")
	p.start()
	p.noted("has axes: its locks hold at the site alone")
	p.loginsOfBothSides()
	b := newBrowser(t)
	for range 3 { // AXES_FAILURE_LIMIT
		b.post(p.django.URL("/accounts/login/"), fields{"username": settingsUser, "password": "wrong"})
	}
	if got := b.post(p.django.URL("/accounts/login/"), fields{"username": settingsUser, "password": somePassword}); got.status != http.StatusForbidden {
		t.Errorf("axes does not lock: %d", got.status)
	}
	p.enter(b, true, settingsUser)
	p.signedIn(b, true, "after a login at Coatcheck of a user whom axes has locked")
}

// noted checks that the conversion says this.
func (p *settingsPair) noted(note string) {
	p.t.Helper()
	if !strings.Contains(p.notes.String(), "INSTALLED_APPS: "+note) {
		p.t.Errorf("the notes lack %q:\n%s", note, &p.notes)
	}
}
