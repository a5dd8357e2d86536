"""What others may rely on, as ops.contract() gives it: compared, and written as a page and as types."""
