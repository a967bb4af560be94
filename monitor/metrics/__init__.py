"""What is measured: the catalogue, counters in shared memory, exposition and windows."""
