"""When a report was made, for formats that write times in their own way."""

from datetime import UTC, datetime


def moment(stamp: str) -> datetime | None:
    """An ISO 8601 stamp as a time in UTC; None where there is none, or it is none."""
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
