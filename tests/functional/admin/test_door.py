"""Who gets into the operator's site: staff, with a second factor."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.functional.admin.conftest import PASSWORD

LOGIN = "/operator/login/"


def code_of(device: TOTPDevice) -> str:
    """What the operator's phone shows now."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time()
    return f"{totp.token():06d}"


def sign_in(client: Client, **extra: str) -> Any:
    form = {"username": "olga", "password": PASSWORD, "next": "/operator/", **extra}
    return client.post(LOGIN, form)


def is_in(client: Client) -> bool:
    return client.get("/operator/").status_code == 200


def test_a_password_alone_does_not_open_the_site(operator: User, client: Client) -> None:
    answer = sign_in(client)
    assert answer.status_code == 200
    assert not is_in(client)
    assert PASSWORD not in answer.content.decode()


def test_password_and_code_open_the_site(operator: User, client: Client) -> None:
    device = TOTPDevice.objects.get(user=operator)
    assert sign_in(client, otp_token=code_of(device)).status_code == 302
    assert is_in(client)


def test_a_code_opens_the_site_once(operator: User, client: Client) -> None:
    code = code_of(TOTPDevice.objects.get(user=operator))
    sign_in(client, otp_token=code)
    other = Client()
    sign_in(other, otp_token=code)
    assert not is_in(other)


def test_a_wrong_code_does_not_open_the_site(operator: User, client: Client) -> None:
    sign_in(client, otp_token="000000")
    assert not is_in(client)


def test_with_two_devices_one_is_chosen(operator: User, client: Client) -> None:
    second = TOTPDevice.objects.create(user=operator, name="tablet")
    answer = sign_in(client, otp_token=code_of(second))
    assert "tablet" in answer.content.decode()
    sign_in(client, otp_token=code_of(second), otp_device=second.persistent_id)
    assert is_in(client)


def test_somebody_elses_device_is_of_no_use(operator: User, client: Client) -> None:
    other = User.objects.create_user("mallory", password="x", is_staff=True)
    device = TOTPDevice.objects.create(user=other, name="hers")
    sign_in(client, otp_token=code_of(device), otp_device=device.persistent_id)
    assert not is_in(client)


def test_a_device_that_is_not_confirmed_is_of_no_use(operator: User, client: Client) -> None:
    TOTPDevice.objects.filter(user=operator).update(confirmed=False)
    sign_in(client, otp_token=code_of(TOTPDevice.objects.get(user=operator)))
    assert not is_in(client)


def test_a_session_without_the_second_factor_is_asked_for_it(
    operator: User, client: Client
) -> None:
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/operator/accounts/account/").status_code == 302
    assert "second factor" in client.get(LOGIN).content.decode()


def test_without_the_setting_a_password_is_enough(
    operator: User, client: Client, settings: Any
) -> None:
    settings.OPERATOR_SECOND_FACTOR = False
    assert "otp_token" not in client.get(LOGIN).content.decode()
    assert sign_in(client).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize("second_factor", [True, False])
def test_who_is_no_staff_stays_out(db: None, settings: Any, second_factor: bool) -> None:
    settings.OPERATOR_SECOND_FACTOR = second_factor
    User.objects.create_user("olga", password=PASSWORD)
    client = Client()
    sign_in(client)
    assert not is_in(client)
    assert client.get("/operator/accounts/account/").status_code == 302


def test_five_wrong_passwords_lock_the_door(operator: User, settings: Any) -> None:
    settings.OPERATOR_SECOND_FACTOR = False
    client = Client()
    for _ in range(5):
        client.post(LOGIN, {"username": "olga", "password": "wrong"})
    assert sign_in(client).status_code == 429
    assert not is_in(client)


def test_the_secret_of_a_device_is_shown_until_it_is_confirmed(
    admin: Client, operator: User
) -> None:
    confirmed = TOTPDevice.objects.get(user=operator)
    new = TOTPDevice.objects.create(user=operator, name="new", confirmed=False)
    base = "/operator/otp_totp/totpdevice"
    assert (
        new.config_url.split("secret=")[1][:32]
        in admin.get(f"{base}/{new.pk}/config/").content.decode()
    )
    assert admin.get(f"{base}/{confirmed.pk}/config/").status_code == 403
    assert admin.get(f"{base}/{confirmed.pk}/qrcode/").status_code == 403
