"""Invented languages that speak of one world: data for a demonstration that needs no network."""
