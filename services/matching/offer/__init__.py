"""The offer: its lifecycle, what a listing's copy and a seeker's account allow, and what the two say of each other."""
