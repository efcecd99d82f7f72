"""Models of images: how well they foretell digits they have not seen, how fast, and at what cost."""
