"""The addresses of the site: Coatcheck's own under /accounts/, Django's admin, and
under /twin/ what a test looks at and changes."""

from django.contrib import admin
from django.urls import include, path

import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/signup/", views.signup),
    path("accounts/login/", views.log_in, name="account_login"),
    path("accounts/logout/", views.log_out),
    path("accounts/profile/", views.profile),
    path("accounts/", include("django.contrib.auth.urls")),
    path("twin/whoami/", views.whoami),
    path("twin/signed-in/", views.signed_in),
    path("twin/session/", views.set_session),
    path("twin/object/", views.set_object),
    path("twin/password/", views.change_password),
    path("twin/deactivate/", views.deactivate),
    path("twin/answer/", views.answer),
    path("twin/expiry/", views.set_expiry),
    path("twin/flush/", views.flush),
    path("twin/cycle/", views.cycle_key),
    path("twin/active/", views.set_active),
    path("twin/keys/", views.set_keys),
    path("twin/columns/", views.columns),
    path("twin/permissions/", views.permissions),
    path("twin/permissions-of/", views.permissions_of),
]
