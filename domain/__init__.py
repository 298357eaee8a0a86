"""What a call is: commands, events, rules, decide and evolve."""
