"""How certain the differences between methods are; docs/statistics.md explains each choice, with simulated figures."""
