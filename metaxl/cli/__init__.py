"""The commands, for people and for the rules."""
