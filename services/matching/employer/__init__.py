"""The employer's word: the register, the signed link, and what its applicant tracking system reports."""
