"""The data plane. Knows no FastAPI, no pydantic, no SQLAlchemy and no control database."""
