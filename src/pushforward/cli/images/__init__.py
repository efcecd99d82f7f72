"""What the commands do with images: each file has the name of its command."""
