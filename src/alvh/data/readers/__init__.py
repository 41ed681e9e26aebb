"""One reader per vendor layout, recognised by header (and, where headers coincide, by the first row), never by place."""
