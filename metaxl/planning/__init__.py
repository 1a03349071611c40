"""What each rule needs; what is here and what must come."""
