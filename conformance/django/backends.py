"""Backends as sites write them for themselves."""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend


class EmailBackend(ModelBackend):
    """Users sign in by email address."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        user = get_user_model().objects.filter(email=username).first()
        if user and user.check_password(password) and self.user_can_authenticate(user):
            return user
