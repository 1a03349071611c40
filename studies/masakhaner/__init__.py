"""Does MetaXL help on fourteen real low-resource languages? Plan, pilot and runs; see plan.md."""
