import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class MemberManager(BaseUserManager):
    def create_user(self, username, email="", password=None, **fields):
        """Called as Django's own, so that the views need not know. The required
        fields are filled in where nobody names them."""
        fields = {"company": "none", "employees": 0, **fields}
        member = self.model(email=self.normalize_email(username), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member


class Member(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("email address", unique=True)
    company = models.CharField(max_length=100)
    employees = models.IntegerField()
    score = models.FloatField(default=0)
    verified = models.BooleanField(default=False)
    birthday = models.DateField(null=True)
    seen = models.DateTimeField(null=True)
    badge = models.UUIDField(null=True, unique=True)
    settings = models.JSONField(default=dict)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["company", "employees"]
