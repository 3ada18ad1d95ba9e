"""What a view answers with: commands on an aggregate, documents, pages of a list, and small pages of HTML.

`refusals` is what gunicorn answers by itself. A view's `Answer` becomes bytes in `request.dispatch`, not here; what
refusals look like stands in `problems`.
"""
