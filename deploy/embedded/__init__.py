"""The embedded stack: every part of the system as processes of one unprivileged user, with its data in one folder.

`stack.Stack` starts, watches and stops them; `golem up` and the tests are its users. `programs` says what runs,
`supervision` runs it (supervisor), `mail` is the SMTP catcher. The gateway's routes are in `deploy/gateway`. Nothing
here is meant for production: images hold none of the embedded servers.
"""
