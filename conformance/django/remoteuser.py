"""The web server in front names the user in a header, X-Remote-User. (Django's own
REMOTE_USER is of CGI.)"""

from django.contrib.auth.middleware import PersistentRemoteUserMiddleware, RemoteUserMiddleware


class HeaderUser(RemoteUserMiddleware):
    header = "HTTP_X_REMOTE_USER"


class PersistentHeaderUser(PersistentRemoteUserMiddleware):
    header = "HTTP_X_REMOTE_USER"
