"""Standing orders: what an operator says once and every worker keeps to until it ends."""
