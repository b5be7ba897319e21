"""The rule book: every rule that this project keeps, in plain words, with its source, its parameters and since when
it is built.
"""
