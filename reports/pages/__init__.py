"""The pages of filing and of the public record."""
