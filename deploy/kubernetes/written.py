"""Manifests as text."""

import yaml

from deploy.kubernetes.parts import Json

_SAYS = "# Made by `python -m deploy.kubernetes`; change deploy/kubernetes/*.py instead.\n"


class _Plain(yaml.SafeDumper):
    """Without anchors: whoever reads a manifest wants to see all of it."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def written(documents: list[Json]) -> str:
    return _SAYS + "---\n".join(
        yaml.dump(document, Dumper=_Plain, sort_keys=False, width=120) for document in documents
    )
