"""Who works there: roles, languages, time zones and access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datagap import model
from datagap.seeding import Indexes, Stream

STAFF = "staff"
"""Access role that everybody holds."""
RESTRICTED_SHARE = 0.15
"""Share of the people who hold the access role of a domain's restricted data."""


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Everybody who writes or answers for data; arrays have one element for each person."""

    people: Sequence[model.Person]
    zones: Sequence[str]
    """Time zones that occur."""
    zone: Indexes
    """Each person's place in `zones`."""
    lang: Indexes
    """Each person's language, as a place in the config's languages."""
    owners: Sequence[int]
    """Places of those who may answer for datasets; never empty."""


def restriction(domain: str) -> str:
    """Return the access role that restricted data of `domain` ask for."""
    return f"{domain}_restricted"


def hire(config: model.Config, scenario: model.Scenario, domains: Sequence[str], seed: int) -> Staff:
    """Return the people of `config`."""
    stream = Stream(seed, "people")
    audiences = sorted(config.audience_weights)  # because the order of keys means nothing
    roles = {audience: [role for role in scenario.people.roles if role.audience == audience] for audience in audiences}
    ids = config.actors if not isinstance(config.actors, int) else None
    count = config.actors if isinstance(config.actors, int) else len(config.actors)
    index = np.arange(count, dtype=np.int64)
    audience = stream.pick("audience", index, [config.audience_weights[name] for name in audiences])
    role_word = stream.words("role", index) >> np.uint64(33)
    lang = stream.pick("lang", index, [share.pct for share in config.nlq.languages])
    office_word = stream.words("office", index) >> np.uint64(33)
    holds = {name: stream.chance(f"access/{name}", index, RESTRICTED_SHARE) for name in domains}
    offices = _offices(scenario, config.nlq.languages)
    names = _Names(scenario.people, stream)
    people, owners, zones = [], [], []
    for place in range(count):
        among = roles[audiences[audience[place]]]
        role = among[int(role_word[place]) % len(among)] if among else None
        at_home = offices[lang[place]]
        zones.append(at_home[int(office_word[place]) % len(at_home)].timezone)
        given, family, turn = names.of(place)
        people.append(
            model.Person(
                person_id=ids[place] if ids else f"{given}.{family}{turn}",
                name=f"{given.capitalize()} {family.capitalize()}",
                role=role.role if role else None,
                team=role.team if role else None,
                audience=audiences[audience[place]],
                timezone=zones[-1],
                lang=config.nlq.languages[lang[place]].lang,
                access_roles=[STAFF, *(restriction(name) for name, held in holds.items() if held[place])],
                is_bot=False,
            )
        )
        if role and role.owner:
            owners.append(place)
    known = tuple(dict.fromkeys(zones))
    return Staff(
        people=people,
        zones=known,
        zone=np.array([known.index(zone) for zone in zones], dtype=np.int64),
        lang=lang,
        owners=owners or list(range(count)),
    )


def _offices(scenario: model.Scenario, languages: Sequence[model.LanguageShare]) -> list[list[model.Office]]:
    """Return, for each language, the offices where it is at home; all of them where it is at home nowhere."""
    offices = scenario.people.offices
    return [[one for one in offices if share.lang in one.languages] or list(offices) for share in languages]


class _Names:
    """Names in the order of a seed, each pair of given and family name once before any comes again."""

    def __init__(self, people: model.ScenarioPeople, stream: Stream) -> None:
        self._given = [people.given_names[place] for place in stream.order("given", len(people.given_names))]
        self._family = [people.family_names[place] for place in stream.order("family", len(people.family_names))]

    def of(self, place: int) -> tuple[str, str, str]:
        """Return the given and the family name of a person, and a number where both have been given before."""
        turn, place = divmod(place, len(self._given) * len(self._family))
        lap, given = divmod(place, len(self._given))
        family = self._family[(given + lap) % len(self._family)]
        return self._given[given], family, str(turn + 1) if turn else ""
