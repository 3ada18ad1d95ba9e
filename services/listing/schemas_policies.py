"""The written policy, as it is answered."""

from shared.fields import Body, Part, Several, Text


class PolicySection(Body):
    heading = Text()
    text = Text()


class ReportingPolicy(Body):
    language = Text()
    title = Text()
    basis = Text()
    sections = Several(Part(PolicySection))
