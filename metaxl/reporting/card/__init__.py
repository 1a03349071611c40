"""The card of a kept model: what it is, how well it does, and how it is used, beside its weights."""
