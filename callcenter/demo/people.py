"""Imaginary patients: who they are, what they want, and what they answer when asked. Pure: no clock, no network."""

import re
from dataclasses import dataclass
from random import Random

_GIVEN = (
    ("Mme", "Hélène Marie Jeanne Aïcha Lucie Camille Nathalie Sophie Claire Yvonne Fatou Léa Monique Élise".split()),
    ("M.", "Lucien Thierry Pierre Moussa Nicolas Gérard Yann André Karim Hugo Michel Olivier Étienne".split()),
)
_FAMILY = (
    "Abgrall Barbier Coulibaly Dubreuil Estève Fontaine Grimaud Hervé Ibrahim Joubert Keller Lacombe Maréchal Noël "
    "Ortega Pasquier Quentin Rivière Sauvage Toussaint Urvoy Verdier Weber Zidane Chauvin Blin Carpentier Deschamps"
).split()


@dataclass(frozen=True, slots=True)
class Line:
    """A practice's number (E.164), with those who receive there as patients call them."""

    number: str
    practitioners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A patient who is already in a practice's files."""

    line: Line
    title: str
    family_name: str
    given_name: str
    birth_on: str  # dd/mm/yyyy
    phone: str  # E.164


@dataclass(frozen=True, slots=True)
class Caller:
    """One person about to ring."""

    line: Line
    phone: str  # E.164
    shows_number: bool
    family_name: str
    given_name: str
    born: str
    birth_on: str
    wants: str
    reason: str
    patience_for: float  # seconds of waiting before hanging up
    address: str

    @property
    def spoken_number(self) -> str:
        """The telephone number as it is dictated, in pairs."""
        national = "0" + self.phone.removeprefix("+33")
        return " ".join(national[at : at + 2] for at in range(0, len(national), 2))

    def greet(self) -> str:
        """The first words, once somebody answers."""
        return f"Bonjour. {self.wants}"

    def answer(self, said: str) -> str | None:
        """What this person answers to what the operator says; None when nothing was asked."""
        asked = said.lower()
        for pattern, reply in _REPLIES:
            if re.search(pattern, asked):
                return reply.format(caller=self)
        return None

    def hears_farewell(self, said: str) -> bool:
        """Whether the operator has said good-bye."""
        return re.search(r"au revoir|bonne journée|bonne fin|à bientôt|goodbye", said.lower()) is not None


# The first that fits answers, so the precise questions stand before the vague ones.
_REPLIES: tuple[tuple[str, str], ...] = (
    (r"au revoir|bonne journée|bonne fin|à bientôt|goodbye", "Merci beaucoup, au revoir."),
    (r"respire|réveillé|consci|convuls|saigne|visage", "Oui oui, tout va bien de ce côté-là."),
    (r"naissance|né[e ]|quel âge|birth", "Je suis {caller.born} le {caller.birth_on}."),
    (
        r"votre nom|vous appelez|qui êtes|prénom|name",
        "Je m’appelle {caller.given_name} {caller.family_name}.",
    ),
    (r"numéro|téléphone|joindre|portable", "C’est le {caller.spoken_number}."),
    (r"adresse|où êtes|habitez|étage|code", "{caller.address}."),
    (r"convient|va pour|propose|\b\d{1,2}\s*[h:]\s*\d{0,2}", "Oui, c’est parfait, merci."),
    (r"motif|raison|pourquoi|quel sujet|reason", "{caller.reason}."),
    (r"avec qui|quel médecin|quel docteur|which doctor", "{caller.wants}"),
    (r"ne quittez|patient|instant", "Oui, je reste en ligne."),
    (r"\?", "Oui, je crois. {caller.reason}."),
)
_REASONS = (
    ("un renouvellement", "C’est pour un renouvellement d’ordonnance"),
    ("un suivi", "C’est pour mon suivi habituel"),
    ("une consultation", "C’est une toux qui dure depuis une semaine"),
    ("une consultation", "C’est mon genou, il me gêne pour marcher"),
    ("un certificat", "C’est pour un certificat de sport"),
    ("un vaccin", "C’est pour un rappel de vaccin"),
    ("des résultats", "C’est pour parler de mes résultats"),
)
_KNOWN_SHARE = 0.66
_WITHHELD_SHARE = 0.05
_STREETS = ("rue de la Fontaine", "avenue Jean-Jaurès", "rue des Acacias", "boulevard de la Gare", "impasse du Puits")


def next_caller(random: Random, lines: list[Line], known: list[Known], *, patience: tuple[float, float]) -> Caller:
    """Who rings next: two times in three somebody from the files, else somebody new; some withhold their number.

    ``patience`` bounds, in seconds, how long they wait before hanging up.
    """
    if known and random.random() < _KNOWN_SHARE:
        person = random.choice(known)
    else:
        title, given = random.choice(_GIVEN)
        person = Known(
            line=random.choice(lines),
            title=title,
            family_name=random.choice(_FAMILY),
            given_name=random.choice(given),
            birth_on=f"{random.randint(1, 28):02d}/{random.randint(1, 12):02d}/{random.randint(1938, 2018)}",
            phone=f"+3363998{random.randint(6000, 9899):04d}",
        )
    return caller_of(random, person, patience=patience, shows_number=random.random() > _WITHHELD_SHARE)


def caller_of(random: Random, person: Known, *, patience: tuple[float, float], shows_number: bool = True) -> Caller:
    """This person about to ring, with a wish made up."""
    noun, reason = random.choice(_REASONS)
    doctor = random.choice(person.line.practitioners)
    return Caller(
        line=person.line,
        phone=person.phone,
        shows_number=shows_number,
        family_name=person.family_name,
        given_name=person.given_name,
        born="née" if person.title == "Mme" else "né",
        birth_on=person.birth_on,
        wants=f"Je voudrais un rendez-vous pour {noun} avec {doctor}, s’il vous plaît.",
        reason=reason,
        patience_for=random.uniform(*patience),
        address=f"{random.randint(1, 90)} {random.choice(_STREETS)}, au {random.randint(1, 5)}e étage",
    )
