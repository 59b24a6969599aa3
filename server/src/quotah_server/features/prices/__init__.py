"""The price book, what a workspace sets against it, and how the book is renewed."""
