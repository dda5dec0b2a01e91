"""The accounts app alone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_identity import IsAdmin, IsSupervisor
from accounts.identity import Role, console_page


@console_page()
def for_managers(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.manager.name)  # type: ignore[attr-defined]


@console_page(Role.SUPERVISOR)
def for_supervisors(request: HttpRequest) -> HttpResponse:
    return HttpResponse("supervisors")


@console_page(Role.ADMIN)
def for_admins(request: HttpRequest) -> HttpResponse:
    return HttpResponse("admins")


class Probe(APIView):
    def get(self, request: Request) -> Response:
        return Response({"name": request.manager.name, "account": request.account.kommo_id})

    post = get


class SupervisorProbe(Probe):
    permission_classes = [IsSupervisor]


class AdminProbe(Probe):
    permission_classes = [IsAdmin]


urlpatterns = [
    path("", include("accounts.urls")),
    path("page", for_managers),
    path("page/supervisor", for_supervisors),
    path("page/admin", for_admins),
    path("api/probe", Probe.as_view()),
    path("api/supervisor", SupervisorProbe.as_view()),
    path("api/admin", AdminProbe.as_view()),
]
