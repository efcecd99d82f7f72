"""Models of images: how well they foretell digits that they have not seen, and at what cost."""
