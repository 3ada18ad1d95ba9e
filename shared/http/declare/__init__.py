"""How a service declares what it answers, and how that becomes OpenAPI.

`operations` has the decorators, `operation` what they make, what a view gets (`Call`) and gives (`Answer`);
`principal` is who calls, `etag` a document's version as clients know it, `explanation` the schema of `GET …/explain`.
Nothing here reads a request or makes a response.
"""
