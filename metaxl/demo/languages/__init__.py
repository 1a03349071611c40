"""Invented languages that share one world: data for a demonstration that needs no network."""
