from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """The fields that the test declares to Coatcheck, in the table that it made."""

    company = models.CharField(max_length=30)
    born = models.DateField("date of birth", blank=True, null=True)
    staff_count = models.IntegerField(blank=True, null=True)
    shirt = models.IntegerField()
    news = models.BooleanField(default=False)
    plan = models.CharField(
        max_length=255, default="free", choices=[("free", "For free"), ("team", "team")]
    )
    motto = models.CharField(max_length=100, blank=True, null=True)

    class Meta:
        db_table = "auth_user"
