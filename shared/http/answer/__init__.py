"""What a view answers with: commands on an aggregate, documents, pages, and small pages of HTML."""
