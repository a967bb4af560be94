"""Alert rules and dashboards, written from the objectives and the catalogue."""
