#!/bin/sh
# A driver to start from, for a router that is a command: it speaks the suite's protocol with POSIX sh and sed alone,
# and skips every op until you hand it to your router.
#
# otb-conformance smoke --program "sh driver.sh"    is this file broken?
# otb-conformance run --program "sh driver.sh"      is the router what it claims to be?
#
# Messages are lines without spaces, their own keys in order of the alphabet, so that patterns are enough:
#   {"command":"configure","given":{...},"id":2}
#   {"args":{...},"command":"step","id":3,"op":"price"}

# What your router does: "pricing","routing". Claim nothing that it does not do.
PROFILES=''
IMPLEMENTATION='{"name":"my-router","version":"0.1.0","language":"sh"}'

given="$TMPDIR/given.json" # The documents of the case; HOME and TMPDIR are a folder that is yours while you run.
args="$TMPDIR/args.json"

# price: print one line of JSON, what your router says that the usage in $args costs by the catalog in $given.
# Without a router there is none to ask: this returns 3, and the op is skipped.
price() {
    # my-router price --documents "$given" <"$args"
    return 3
}

result() { printf '{"id":%s,"result":%s}\n' "$id" "$1"; }
skipped() { printf '{"id":%s,"skipped":{"reason":"%s"}}\n' "$id" "$1"; }
errored() { printf '{"id":%s,"errored":{"message":"%s"}}\n' "$id" "$1"; }

# ask OP: hand a step to the function or command OP, and answer with what it prints.
ask() {
    printf '%s\n' "$line" | sed 's/^{"args":\(.*\),"command":"step","id":[0-9]*,"op":"[^"]*"}$/\1/' >"$args"
    answer=$("$1")
    case $? in
        0) result "$answer" ;;
        3) skipped "$1 is not handed to the router yet" ;;
        *) errored "$1 failed" ;; # What it wrote to standard error is shown in the report.
    esac
}

while IFS= read -r line; do
    id=null
    case $line in
        '{"args":'*) # The documents of a message may hold anything: the last id is the message's own.
            id=${line##*\"id\":} op=${line##*\"op\":\"}
            id=${id%%,*} op=${op%%\"*}
            case $op in
                price) ask price ;; # One line for each op that your router has.
                *) skipped "there is no such op here" ;;
            esac ;;
        '{"command":"configure",'*) # Forget everything, and take what is given.
            id=${line##*\"id\":} id=${id%\}}
            printf '%s\n' "$line" | sed 's/^{"command":"configure","given":\(.*\),"id":[0-9]*}$/\1/' >"$given"
            result '{}' ;;
        '{"command":"start",'*)
            id=${line#*\"id\":} id=${id%%,*}
            result '{"protocol":"1.0","implementation":'"$IMPLEMENTATION"',"profiles":['"$PROFILES"'],"features":[]}' ;;
        '{"command":"reset",'*) id=${line##*:} id=${id%\}}; result '{}' ;; # Forget what was asked, keep the rest.
        '{"command":"stop",'*) id=${line##*:} id=${id%\}}; result '{}'; exit 0 ;;
        *) errored "this is no message" ;;
    esac
done
