"""`golem rules`: what may be charged where, by the shipped rules and an operator's own file."""

from pathlib import Path

import click

from deploy.cli.output import say
from shared.events.schemas_listing import HELP_KINDS
from shared.places import BadRules, PlaceRules, load, name_of
from shared.places.names import is_place

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """Show what may be charged in a place, and check a rules file before it is used."""


@rules.command()
@click.argument("file", type=_FILE)
def check(file: Path) -> None:
    """Check an operator's rules FILE (the setting RULES_FILE); exit code 1 names each line and reason."""
    found = _load(file)
    own = [each for each in found.decisions if each not in load(None).decisions]
    listed = "".join(f"\n  {each.place}  {each.id}" for each in own)
    say(f"{file}: good; {len(own)} decisions of its own{listed}", lines=True)


@rules.command()
@click.argument("place")
@click.option("--file", type=_FILE, envvar="RULES_FILE", help="The operator's own rules, laid over the shipped ones.")
def show(place: str, file: Path | None) -> None:
    """Show what holds in a PLACE: a country such as NL, or a subdivision such as CA-ON."""
    if not is_place(place):
        raise click.BadParameter("expected a code of ISO 3166, such as NL or CA-ON", param_hint="PLACE")
    found = _load(file)
    click.echo(f"{name_of(place)} ({place}). This is no legal advice.\n")
    for kind in HELP_KINDS:
        say(_decision(found, place, kind), lines=True)
    for question in found.questions_of(place, HELP_KINDS):
        say(f"\nA seeker is asked: {question.asks} ({question.id}; {question.source}: {question.says}).", lines=True)
    for kind in HELP_KINDS:
        if consent := found.consent(place, kind):
            word = f"consent of the employer, on the word of the {consent.by}"
            say(f"\n{kind}: {word} ({consent.id}; {consent.source}).", lines=True)
        if asked := found.acknowledgement(place, kind):
            says = f"the insider acknowledges {asked.acknowledges} ({asked.id}; {asked.source}: {asked.says})"
            say(f"\n{kind}: {says}.", lines=True)
    for entry in found.phrases_of(place):
        phrases = "; ".join(entry.phrases)
        say(f"\nA posting may not say: {phrases} ({entry.id}; {entry.source}: {entry.says}).", lines=True)
    caps = ", ".join(f"{currency} {amount}" for currency, amount in sorted(found.cap.absolute.items()))
    click.echo(f"\nCap: {found.cap.pay_bps / 100:g} % of the year's pay, and in minor units at most {caps}.")


def _decision(found: PlaceRules, place: str, kind: str) -> str:
    rule = found.decision(place, kind)
    licence = f" ({rule.licence})" if rule.licence else ""
    doubt = f"\n    doubt: {rule.doubt}" if rule.doubt else ""
    return f"{kind}: {rule.decision}{licence}, by {rule.id}\n    {rule.source}: {rule.says}{doubt}"


def _load(file: Path | None) -> PlaceRules:
    try:
        return load(file)
    except BadRules as error:
        raise click.ClickException(f"{file}: " + f"\n{file}: ".join(str(error).splitlines())) from None
