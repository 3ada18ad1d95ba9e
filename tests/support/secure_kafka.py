"""Apache Kafka with TLS on every listener that clients reach: by certificates, by passwords, and by tokens."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from deploy.embedded.ports import free_ports
from deploy.kafka.setup import PRINCIPALS, setup
from deploy.kafka.topics import client_settings
from shared.messaging.kafka import using
from tests.support.certificates import Authority
from tests.support.grounds import KAFKA_IMAGE, container
from tests.support.processes import eventually
from tests.support.stub import answering, stub, whole

ISSUER, AUDIENCE = "https://id.test", "kafka"
WAYS = ("certificate", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
SET_UP = "kafka: made 0 topics, 0 users, 0 ACLs; took 0 ACLs away; 0 subscribers"
Environ = dict[str, str]

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_OAUTH = "org.apache.kafka.common.security.oauthbearer"
_PROPERTIES = {
    "node.id": "1",
    "process.roles": "broker,controller",
    "controller.quorum.voters": "1@127.0.0.1:29093",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INSIDE",
    "listeners": "CONTROLLER://127.0.0.1:29093,INSIDE://127.0.0.1:29092,"
    "CERTIFICATES://:9093,PASSWORDS://:9094,TOKENS://:9095",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,"
    "CERTIFICATES:SSL,PASSWORDS:SASL_SSL,TOKENS:SASL_SSL",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": "/tls/authority-broker.pem",
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": "/tls/authority.pem",
    "listener.name.certificates.ssl.client.auth": "required",
    "listener.name.certificates.ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
    "listener.name.passwords.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.passwords.scram-sha-256.sasl.jaas.config": _SCRAM,
    "listener.name.passwords.scram-sha-512.sasl.jaas.config": _SCRAM,
    "listener.name.tokens.sasl.enabled.mechanisms": "OAUTHBEARER",
    "listener.name.tokens.oauthbearer.sasl.jaas.config": f"{_OAUTH}.OAuthBearerLoginModule required;",
    "listener.name.tokens.oauthbearer.sasl.server.callback.handler.class":
        f"{_OAUTH}.OAuthBearerValidatorCallbackHandler",
    "sasl.oauthbearer.jwks.endpoint.url": "file:///tls/jwks.json",
    "sasl.oauthbearer.expected.issuer": ISSUER,
    "sasl.oauthbearer.expected.audience": AUDIENCE,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:admin;User:ANONYMOUS",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
}  # fmt: skip
"""Nobody is let in without a name but by 127.0.0.1 inside the container, where the broker speaks with itself."""


@dataclass
class SecureKafka:
    """`ports` by the listener's name; the passwords lie in `folder`, as kafka-setup reads them."""

    folder: Path
    authority: Authority
    key: rsa.RSAPrivateKey
    ports: Mapping[str, int]
    _opened: ExitStack

    def environ(self, way: str, principal: str) -> Environ:
        """A client's variables."""
        if way == "certificate":
            mine = self.authority.issued(principal)
            return self._at("CERTIFICATES", "SSL") | {"KAFKA_SSL_CERTIFICATE_FILE": str(mine)}
        if way == "OAUTHBEARER":
            return self.by_token(self.token(principal))
        return self._at("PASSWORDS", "SASL_SSL") | {
            "KAFKA_SASL_MECHANISM": way,
            "KAFKA_SASL_USERNAME": principal,
            "KAFKA_SASL_PASSWORD_FILE": str(self.folder / f"kafka_{principal}_password"),
        }

    def by_token(self, token: str) -> Environ:
        """Of a client whose issuer gives it this token."""
        answer = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 300}).encode()
        issuer = self._opened.enter_context(stub(answering(whole(answer))))
        return self._at("TOKENS", "SASL_SSL") | {
            "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "KAFKA_OAUTH_TOKEN_URL": issuer.url,
            "KAFKA_OAUTH_CLIENT_ID": "client",
            "KAFKA_OAUTH_CLIENT_SECRET": "secret",
        }

    def token(self, principal: str, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        now = int(time.time())
        said = {"sub": principal, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600, **claims}
        return jwt.encode(said, key or self.key, "RS256", {"kid": "1"})

    def set_up(self) -> str:
        """kafka-setup, by the administrator's certificate; users come in by SCRAM over TLS."""
        return setup(
            self.environ("certificate", "admin")
            | {
                "KAFKA_CLIENTS": f"127.0.0.1:{self.ports['PASSWORDS']}",
                "KAFKA_CLIENTS_PROTOCOL": "SASL_SSL",
                "SECRETS": str(self.folder),
                "KAFKA_PARTITIONS": "1",
            }
        )

    def _at(self, listener: str, protocol: str) -> Environ:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports[listener]}",
            "KAFKA_SECURITY_PROTOCOL": protocol,
            "KAFKA_SSL_CA_FILE": str(self.authority.ca_file),
        }


@contextmanager
def secure_kafka(folder: Path) -> Iterator[SecureKafka]:
    """A broker in a container, set up, with everything that lies in `folder` made by this."""
    authority, key = Authority(folder), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority.issued("broker", ["127.0.0.1"])
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    (folder / "jwks.json").write_text(json.dumps({"keys": [{**public, "kid": "1", "alg": "RS256", "use": "sig"}]}))
    passwords = {name: secrets.token_hex(12) for name in PRINCIPALS}
    for name, password in passwords.items():
        (folder / f"kafka_{name}_password").write_text(password)
    free = free_ports()
    ports = {name: next(free) for name in ("CERTIFICATES", "PASSWORDS", "TOKENS")}
    config = folder / "config"
    config.mkdir()
    users = " ".join(f'user_{name}="{password}"' for name, password in passwords.items())
    properties = _PROPERTIES | {
        "advertised.listeners": ",".join(
            ["INSIDE://127.0.0.1:29092", *(f"{name}://127.0.0.1:{port}" for name, port in ports.items())]
        ),
        "listener.name.passwords.plain.sasl.jaas.config": f"{_PLAIN} {users};",
    }
    (config / "server.properties").write_text("\n".join(f"{name}={value}" for name, value in properties.items()))
    settings = {"KAFKA_OPTS": "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file:///tls/jwks.json"}
    inside = dict(zip((9093, 9094, 9095), ports.values(), strict=True))
    files = {str(folder): "/tls", str(config): "/mnt/shared/config"}
    with ExitStack() as opened, container(KAFKA_IMAGE, settings, inside, files):
        broker = SecureKafka(folder, authority, key, ports, opened)
        broker.set_up()
        # A busy broker takes up what it has acknowledged after a while: then there is nothing left to do.
        eventually(lambda: broker.set_up() == SET_UP, "what kafka-setup made", 300)
        _also_by_sha_256(broker, passwords)
        yield broker


def _also_by_sha_256(broker: SecureKafka, passwords: Mapping[str, str]) -> None:
    with using(KafkaAdminClient, **client_settings(broker.environ("certificate", "admin"))) as admin:
        refused = admin.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_256, password.encode(), iterations=4096)
                for name, password in passwords.items()
            ]
        )
    assert not any(refused.values()), refused
