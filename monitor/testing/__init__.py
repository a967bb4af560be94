"""What adopters test with: a clock they move, a store that fails, a Redis in the process."""
