"""An invented world and a tiny encoder for it: a reader of the method can skip this room."""
