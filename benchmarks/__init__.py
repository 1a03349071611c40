"""What the training steps cost, beside the official algorithm's."""
