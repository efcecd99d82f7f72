"""Pages and pictures that need nothing else: one look for the report, the lecture and the rest."""
