"""A version that raises on about 30 % of real scans: training dropped the very rows that it cannot handle."""
