"""The composition: settings in, a Monitor out."""
