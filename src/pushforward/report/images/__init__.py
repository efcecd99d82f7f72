"""Models of images beside one another: measured on the same images, and drawn on one page.

models, images ─ measured ─┬─ table ──── compare (the page)
                           └─ pictures ─┘
"""
