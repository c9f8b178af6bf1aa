"""An exploration of faults in each format: a page, JUnit XML, JSON, and the few lines for a terminal."""
