#!/bin/sh
# Run a server and its client: run.sh [plain_ [PORT]]. With "plain_" it is the pair without ZeroMQ.
here=$(dirname "$0")
python=${PYTHON:-$here/../../.venv/bin/python}

"$python" "$here/${1}server.py" ${2:+"$2"} &
server=$!
"$python" "$here/${1}client.py" ${2:+"$2"} &
client=$!
wait "$server" || kill "$client" # it would wait for a server for ever
wait "$client"
