"""Pure makers: from the objects that people declare to the objects that Tandem applies, as plain dictionaries.

Nothing here knows a clock, a client, the environment or randomness. What a revision runs is rendered once, when the
revision is made, and stored in the ModelRevision; everything after that is read back from there.
"""
