"""The toolbox of FastAPI endpoints: problems, sessions, pages. Knows no feature."""
