#!/bin/bash
# Submits a suite as a job array, a shard a task, and a job that joins their results once all of them have ended:
#   bash array.sh SUITE SHARDS [OPTIONS of harness run]
# The folder that this is given in is one that all nodes share; the harness is on the PATH, or at $HARNESS.
set -euo pipefail

suite=${1:?"which suite? array.sh SUITE SHARDS [OPTIONS of harness run]"}
shards=${2:?"how many shards? array.sh SUITE SHARDS [OPTIONS of harness run]"}
shift 2
here=$(dirname "$(realpath "$0")")
name=$(sed -n "s/^name: *[\"']\{0,1\}\([A-Za-z0-9][A-Za-z0-9._+-]*\).*/\1/p" "$suite" | sed -n 1p)
if [ -z "$name" ]; then
    echo "$suite: no line begins with 'name:'" >&2
    exit 2
fi

job=$(sbatch --parsable --array="1-$shards" "$here/array.slurm" "$suite" "$@")
job=${job%%;*}
merge=$(sbatch --parsable --dependency="afterany:$job" "$here/merge.slurm" "$name" "$shards")
echo "Shards: job $job. Joined by job ${merge%%;*}, into results/$name."
