"""What comes from outside, pinned and verified: the only room with a network."""
