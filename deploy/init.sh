#!/bin/sh
# A container's first process: runs the command as its child, passes SIGTERM and SIGINT on, and ends with the child's code.
#
# Nobody inside a container can kill its first process, however it hangs. Its child can be: the health check does it.
child= asked=
pass_on() {
    asked=$1
    [ -z "$child" ] || kill "-$1" "$child" 2> /dev/null
}
trap 'pass_on TERM' TERM
trap 'pass_on INT' INT
"$@" &
child=$!
# What came before there was a child is passed on now.
[ -z "$asked" ] || kill "-$asked" "$child" 2> /dev/null
wait "$child"
code=$?
# A signal ends the wait, too.
while kill -0 "$child" 2> /dev/null; do
    wait "$child"
    code=$?
done
exit "$code"
