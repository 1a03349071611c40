"""An invented world and a tiny encoder for it: skip it when you read."""
