"""Your own account: which policy was adopted, and what is decided and recorded with it."""
