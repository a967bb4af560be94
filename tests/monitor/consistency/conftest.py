"""The small database of the SQL room's tests, for the protocol's."""

from tests.monitor.database.conftest import database as database
from tests.monitor.database.conftest import observer as observer
from tests.monitor.database.conftest import url as url
