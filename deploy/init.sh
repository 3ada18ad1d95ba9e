#!/bin/sh
# A container's first process: runs the command as its child, passes SIGTERM and SIGINT on, and ends with the child's code.
#
# Nobody inside a container can kill its first process, however it hangs. Its child can be: the health check does it.
"$@" &
child=$!
trap 'kill -TERM "$child" 2> /dev/null' TERM
trap 'kill -INT "$child" 2> /dev/null' INT
wait "$child"
code=$?
# A signal ends the wait, too.
while kill -0 "$child" 2> /dev/null; do
    wait "$child"
    code=$?
done
exit "$code"
