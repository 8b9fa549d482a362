"""A Slurm of this machine alone: commands that do at once, and one after the other, what Slurm's would do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

COMMANDS = {
    # Each command notes how it was called, so that a test can look.
    "sbatch": """
count=$(($(cat "$STANDIN/jobs" 2>/dev/null || echo 100) + 1)); echo "$count" > "$STANDIN/jobs"
array= script=
while [ -z "$script" ]; do
    case $1 in
        --array=1-*) array=${1#--array=1-} ;;
        --*) ;;
        *) script=$1 ;;
    esac
    shift
done
export SLURM_JOB_ID=$count SLURM_ARRAY_JOB_ID=$count
if [ -n "$array" ]; then
    for ((task = 1; task <= array; task++)); do
        SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=$array \\
            bash "$script" "$@" > "$STANDIN/job-$count-$task" 2>&1 || echo "exit $?" >> "$STANDIN/failed"
    done
else
    bash "$script" "$@" > "$STANDIN/job-$count" 2>&1 || echo "exit $?" >> "$STANDIN/failed"
fi
echo "$count"
""",
    "srun": """
nodes=1
while [[ $1 == --* ]]; do
    [[ $1 == --ntasks=* ]] && nodes=${1#--ntasks=}
    shift
done
children=()
for ((n = 0; n < nodes; n++)); do
    STANDIN_TASK=$n "$@" &
    children+=($!)
done
trap 'kill "${children[@]}" 2>/dev/null' TERM
code=0
for child in "${children[@]}"; do
    wait "$child" || code=$?
done
for child in "${children[@]}"; do
    wait "$child" 2>/dev/null
done
exit $code
""",
    "scontrol": """
if [ "$1" = show ]; then
    for ((n = 1; n <= SLURM_JOB_NUM_NODES; n++)); do echo "node$n"; done
fi
""",
    "hostname": "echo '::1 127.0.0.1'",
    "sleep": "exec /bin/sleep 0.02",
}
RAY = """
case $1 in
    start)
        for word in "$@"; do
            [[ $word == --temp-dir=* ]] && mkdir -p "${word#--temp-dir=}"
        done
        /bin/sleep 300 &
        child=$!
        trap 'kill $child; echo "stopped" >> "$STANDIN/stopped"; exit 143' TERM
        touch "$STANDIN/node-$child"
        wait
        ;;
    health-check) ls "$STANDIN"/node-* > /dev/null 2>&1 ;;
    status) for one in "$STANDIN"/node-*; do echo " 1 node_$(basename "$one")"; done ;;
esac
"""


def install(folder: Path, **more: str) -> dict[str, str]:
    """Writes the commands, and gives the environment in which they are found; they note their words in
    `calls`."""
    (folder / "bin").mkdir(parents=True)
    for name, body in {**COMMANDS, **more}.items():
        file = folder / "bin" / name
        note = f'echo "{name} $*" >> "$STANDIN/calls"\n' if name != "sleep" else ""
        file.write_text(f"#!/bin/bash\n{note}{body.strip()}\n")
        file.chmod(0o755)
    harness = folder / "bin" / "harness"
    if not harness.exists():
        harness.write_text(f'#!/bin/bash\nexec "{sys.executable}" -m harness "$@"\n')
        harness.chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "STANDIN": str(folder)}
