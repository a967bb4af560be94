"""What the service takes and gives, as typed structs; JSON names are camelCase."""
