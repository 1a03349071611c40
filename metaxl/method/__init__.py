"""The paper: the RTN and Algorithm 1."""
