"""What comes from outside, pinned and verified: the only room that uses the network."""
