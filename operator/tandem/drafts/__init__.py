"""Pure: drafts of a ModelDeployment, its edge cases and a stub bento, from a schema, a bento's routes or what runs."""
