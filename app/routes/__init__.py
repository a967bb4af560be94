"""The route table."""

from app.routes import (
    analytics,
    appointments,
    contacts,
    description,
    kit,
    medical_records,
    settings,
    stress,
    tokens,
)

TABLE = (
    *contacts.RESOURCES,
    *appointments.RESOURCES,
    *medical_records.RESOURCES,
    *analytics.RESOURCES,
    *settings.RESOURCES,
    *tokens.RESOURCES,
    *description.RESOURCES,
)

# Served only where drills are allowed.
STRESS_TABLE = stress.RESOURCES

# Served by the kit, described with the rest.
KIT_TABLE = kit.RESOURCES
