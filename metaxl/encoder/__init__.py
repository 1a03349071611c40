"""An encoder: its shape, its folder, its weights, its batches."""
