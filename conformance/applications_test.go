package conformance_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// otpShell imports the models of Debian's django-otp.
const otpShell = "from django.contrib.auth.models import User; from django_otp.plugins.otp_totp.models import TOTPDevice; " +
	"from django_otp.plugins.otp_static.models import StaticDevice; import django_otp; from django_otp.oath import totp; "

// TestOTP: beside a site with Debian's django-otp, users who have confirmed a device are asked here for
// its code too. A code that was used on one side is used on the other, and the Django sees a user who
// logged in here as verified.
func TestOTP(t *testing.T) {
	t.Parallel()
	p := newSettingsPair(t, "4.2", "INSTALLED_APPS = INSTALLED_APPS + ['django_otp', 'django_otp.plugins.otp_totp', 'django_otp.plugins.otp_static']\n"+
		"MIDDLEWARE = MIDDLEWARE + ['django_otp.middleware.OTPMiddleware']\n")
	p.start()
	p.noted("has django_otp.plugins.otp_totp: a login here asks its users for a code too")
	p.loginsOfBothSides() // without a device
	shell := func(code string) string {
		out := p.django.Manage("shell", "-c", otpShell+code)
		lines := strings.Fields(strings.TrimSpace(out))
		if len(lines) == 0 {
			return ""
		}
		return lines[len(lines)-1]
	}
	login := func() (*browser, reply) {
		b := newBrowser(t)
		return b, p.post(b, "/accounts/login/", url.Values{"username": {settingsUser}, "password": {somePassword}})
	}
	shell("TOTPDevice.objects.create(user=User.objects.get(), name='telephone', confirmed=False)")
	b, _ := login()
	p.signedIn(b, true, "after a login with a device that is not confirmed")
	code := shell("d = TOTPDevice.objects.get(); d.confirmed = True; d.save(); print('%06d' % totp(d.bin_key))")

	b, got := login()
	if got.status != http.StatusForbidden {
		t.Fatalf("the login: %d %s", got.status, got.body)
	}
	p.signedIn(b, false, "before the code")
	if got := p.post(b, "/accounts/login/code/", url.Values{"code": {code}}); got.status >= http.StatusBadRequest {
		t.Fatalf("the code: %d %s", got.status, got.body)
	}
	p.signedIn(b, true, "after the code")
	if used := shell("d = TOTPDevice.objects.get(); print(d.last_t > 0 and not d.verify_token('" + code + "'))"); used != "True" {
		t.Errorf("a code that was used here is good at the Django: %s", used)
	}
	if device := shell("from django.contrib.sessions.models import Session; " +
		"print([s.get_decoded()['otp_device_id'] for s in Session.objects.all() if 'otp_device_id' in s.get_decoded()][0])"); device != "otp_totp.totpdevice/1" {
		t.Errorf("otp_device_id: %s", device)
	}
	token := shell("TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None); " +
		"d = StaticDevice.objects.create(user=User.objects.get(), name='backup'); print(d.token_set.create(token='abcd7efg').token)")
	b, _ = login()
	if got := p.post(b, "/accounts/login/code/", url.Values{"code": {token}}); got.status >= http.StatusBadRequest {
		t.Fatalf("the token: %d %s", got.status, got.body)
	}
	p.signedIn(b, true, "after a static token")
	if left := shell("print(StaticDevice.objects.get().token_set.count())"); left != "0" {
		t.Errorf("%s tokens are left", left)
	}
	b = newBrowser(t)
	p.enter(b, false, settingsUser)
	p.signedIn(b, true, "after a login at Django")
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
