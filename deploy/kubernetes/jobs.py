"""What runs once a version (topics, users, indexes), and the command line that runs beside the system."""

from deploy import SERVICES
from deploy.kubernetes.parts import PARTITIONS, Json, container, deployment, environment, job, meta, pod, waits

_ADMIN = {"KAFKA_SASL_USERNAME": "admin", "KAFKA_SASL_PASSWORD_FILE": "/run/secrets/kafka_admin_password"}
_PASSWORDS = [f"kafka_{name}_password" for name in ("operator", *SERVICES)]
_URIS = [f"mongodb_{name}_uri" for name in ("operator", "provider", *SERVICES)]


def jobs() -> list[Json]:
    """Each waits by itself for what it needs, so that all can be applied at once."""
    return [_kafka_layout(), _kafka_setup(), _database_setup(), *(_indexes(name) for name in SERVICES)]


def _kafka_layout() -> Json:
    """Not in the job itself: what a job that has run was made of cannot be changed."""
    values = {"KAFKA_PARTITIONS": str(PARTITIONS), "KAFKA_REPLICATION": "3"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("kafka-layout", "job"), "data": values}


def _kafka_setup() -> Json:
    """Topics, users and ACLs; as the cluster's administrator, by the address that the services use."""
    one = container(
        "kafka-setup",
        "golem",
        "256Mi",
        command=["python", "-m", "deploy.kafka.setup"],
        env=[
            *environment(_ADMIN),
            _setting("KAFKA_CLIENTS", "KAFKA_BOOTSTRAP_SERVERS"),
            _setting("KAFKA_CLIENTS_PROTOCOL", "KAFKA_SECURITY_PROTOCOL"),
        ],
    )
    one["envFrom"] = [*one["envFrom"], {"configMapRef": {"name": "kafka-layout"}}]
    return job("kafka-setup", one, ["kafka_admin_password", *_PASSWORDS])


def _database_setup() -> Json:
    """The databases' users; as root."""
    one = container("database-setup", "golem", "256Mi", command=["python", "-m", "deploy.mongo.setup"])
    return job("database-setup", one, ["mongodb_root_password", *_URIS])


def _indexes(name: str) -> Json:
    uri = {"MONGODB_URI_FILE": f"/run/secrets/mongodb_{name}_uri"}
    command = ["python", "-m", f"services.{name}.main", "migrate"]
    one = container(f"{name}-indexes", name, "256Mi", command=command, env=environment(uri))
    login = waits("login", ["deploy.mongo.ready"], uri)
    return job(f"{name}-indexes", one, [f"mongodb_{name}_uri"], before=[login])


def command_line() -> list[Json]:
    """Two pods that do nothing until somebody enters: `kubectl -n golem exec deploy/golem -- golem status`.

    `subscriber` has the administrator's password, so it is there only while it is wanted.
    """
    operator = {
        "MONGODB_URI_FILE": "/run/secrets/mongodb_operator_uri",
        "KAFKA_SASL_USERNAME": "operator",
        "KAFKA_SASL_PASSWORD_FILE": "/run/secrets/kafka_operator_password",
    }
    administrator = {f"KAFKA_ADMIN_{name.removeprefix('KAFKA_')}": value for name, value in _ADMIN.items()}
    shared = ("BOOTSTRAP_SERVERS", "SECURITY_PROTOCOL", "SASL_MECHANISM", "SSL_CA_FILE")
    at = [_setting(f"KAFKA_ADMIN_{name}", f"KAFKA_{name}") for name in shared]
    at.append(_setting("KAFKA_ADMIN_CLIENTS", "KAFKA_BOOTSTRAP_SERVERS"))
    at.append(_setting("KAFKA_ADMIN_CLIENTS_PROTOCOL", "KAFKA_SECURITY_PROTOCOL"))
    return [
        _idle("golem", environment(operator), ["mongodb_operator_uri", "kafka_operator_password"], 1),
        _idle("subscriber", environment(administrator) + at, ["kafka_admin_password"], 0),
    ]


def _idle(name: str, env: list[Json], secrets: list[str], replicas: int) -> Json:
    one = container(name, "golem", "1Gi", command=["sleep", "infinity"], env=env)
    made = deployment(name, "tools", pod(name, "tools", one, secrets), replicas)
    made["spec"]["strategy"] = {"type": "Recreate"}
    made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1  # sleep does not listen
    return made


def _setting(name: str, of: str) -> Json:
    """A variable that is one of the settings' under another name; where that is not set, neither is this."""
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": "golem", "key": of, "optional": True}}}
