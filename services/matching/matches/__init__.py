"""Finding each other: profiles, the ranking of listings for a seeker, an insider's public record."""
