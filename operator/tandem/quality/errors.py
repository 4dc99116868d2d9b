"""What can be wrong with rows, schemas and answers. No message holds a value out of a row or an answer."""


class QualityError(Exception):
    """Something that people have to correct: no version is to blame for it."""


class RowInvalid(QualityError):
    """A row, a case or a file of them is not in order; the message names the line."""


class SchemaUnusable(QualityError):
    """A declared JSON Schema cannot be used: it is no schema, refers to elsewhere, or is too large."""


class TooManyGroups(QualityError):
    """A field makes more groups than anybody could look at."""


class NotJson(Exception):
    """A text is not JSON, or JSON that is too deep to be read."""


class NotFinite(NotJson):
    """A text holds NaN or infinity, which JSON does not have."""
