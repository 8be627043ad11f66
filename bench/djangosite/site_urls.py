"""The two pages of every server of the bench."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path


def public(request):
    return HttpResponse('{"profile":"data"}', content_type="application/json")


@login_required
def profile(request):
    text = '{"profile":"private data of %s"}' % request.user.get_username()
    return HttpResponse(text, content_type="application/json")


urlpatterns = [path("public/", public), path("profile/", profile)]
