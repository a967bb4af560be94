"""The clock of the cache's tests, for the transport's."""

from tests.monitor.cache.conftest import bound as bound
from tests.monitor.cache.conftest import clock as clock
