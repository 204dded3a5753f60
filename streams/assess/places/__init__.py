"""Which country an evidence sentence is about: the place in danger, not who speaks, acts or hosts."""

from streams.assess.places.area import Area
from streams.assess.places.gazetteer import Gazetteer
from streams.assess.places.locate import locate
from streams.assess.places.names import country_names

__all__ = ["Area", "Gazetteer", "country_names", "locate"]
