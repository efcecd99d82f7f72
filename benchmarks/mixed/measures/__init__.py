"""What synthetic rows are judged by, one question a file; each needs the rows alone, no model."""
