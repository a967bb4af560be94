"""Clinics that do not exist, to try the service with."""
