"""The public record in other people's formats: one function each from a :class:`Record` to a document."""
