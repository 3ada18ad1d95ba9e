"""What a generated operation gives back: what was asked for, or a problem."""

from typing import TypeVar

from good_golem_client.models import Problem

Answer = TypeVar("Answer")


class Refused(Exception):
    """The server refused; `problem` is why (RFC 9457), None where it answered with something else."""

    def __init__(self, problem: Problem | None, words: str) -> None:
        super().__init__(words)
        self.problem = problem


def expect(kind: type[Answer], answer: object) -> Answer:
    """The answer of an operation, where it is of this kind. Raises Refused."""
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, Problem):
        raise Refused(answer, str(answer.to_dict()))
    raise Refused(None, f"expected {kind.__name__}, got {answer!r}")
