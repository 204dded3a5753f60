"""Which country an evidence sentence is about: the place in danger, not who speaks, acts or hosts."""

from streams.assess.places.area import Area
from streams.assess.places.gazetteer import Gazetteer
from streams.assess.places.home import Home, home_of
from streams.assess.places.locate import concerned, locate
from streams.assess.places.names import country_names, place_name

__all__ = ["Area", "Gazetteer", "Home", "concerned", "country_names", "home_of", "locate", "place_name"]
