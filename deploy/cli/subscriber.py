"""`golem subscriber`: users of the broker for systems outside, which read the events and nothing else."""

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
from kafka.admin import KafkaAdminClient

from deploy.cli.options import json_option
from deploy.kafka.access import credentials, delete_user, set_acls, set_users
from deploy.kafka.principals import subscriber as entitled
from deploy.kafka.setup import RESERVED, clients
from deploy.kafka.topics import client_settings
from shared.messaging.kafka import using


@click.group()
def subscriber() -> None:
    """Let other systems read the events: each gets a user, all public topics, and consumer groups of its own."""


@subscriber.command()
@click.argument("name")
@click.option("--new-password", is_flag=True, help="Give a user that is there another password.")
@json_option
def add(name: str, new_password: bool, as_json: bool) -> None:
    """Make the user NAME and print how it comes in. Its password is shown this once."""
    _check(name)
    with _admin() as (admin, environ):
        if name in credentials(admin) and not new_password:
            raise click.ClickException(f"{name} is there already; --new-password gives it another password")
        password = secrets.token_urlsafe(32)
        comes_in = clients(environ)
        set_users(admin, {name: password}, comes_in)
        set_acls(admin, entitled(name), [name])
    added = {
        "bootstrap.servers": os.environ.get("SUBSCRIBERS") or "127.0.0.1:9094 (deploy/compose.subscribers.yml)",
        "security.protocol": comes_in["security_protocol"],
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": name,
        "sasl.password": password,
        "group.id": f"{name}.<anything>",
    }
    click.echo(json.dumps(added) if as_json else "\n".join(f"{key}={value}" for key, value in added.items()))


@subscriber.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the user NAME and its rights away."""
    _check(name)
    with _admin() as (admin, _):
        set_acls(admin, [], [name])
        there = delete_user(admin, name)
    click.echo(f"{name} is gone" if there else f"there was no {name}")


@subscriber.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Print the subscribers, one a line."""
    with _admin() as (admin, _):
        names = sorted(credentials(admin) - RESERVED)
    click.echo(json.dumps({"subscribers": names}) if as_json else "\n".join(names))


def _check(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,39}", name) or name in RESERVED:
        raise click.BadParameter(
            "expected 2 to 40 of a-z, 0-9 and -, and not one of the system's own", param_hint="NAME"
        )


@contextmanager
def _admin() -> Iterator[tuple[KafkaAdminClient, Mapping[str, str]]]:
    """The broker's administrator, who alone may make users: of the container, or of the variables KAFKA_ADMIN_..."""
    environ = {name.replace("KAFKA_ADMIN_", "KAFKA_"): v for name, v in os.environ.items() if "KAFKA_ADMIN_" in name}
    if not {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_CLIENTS"} <= environ.keys():
        raise click.ClickException(
            "users are a thing of Apache Kafka, and made where its administrator's password is: "
            "docker compose run --rm subscriber ..."
        )
    with using(KafkaAdminClient, **client_settings(environ)) as admin:
        yield admin, environ
