"""Files that come and go: calendars and tables. No Django, no rows; what they mean is in shifts.core."""
