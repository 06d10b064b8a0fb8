#!/usr/bin/env bash
# Runs fuzz targets one after the other, each for FUZZ_SECONDS (60): those that
# are named, or all. Inputs that reach new code are kept in fuzz/corpus, which
# git ignores; one that fails is written to fuzz/artifacts, and ends the run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${FUZZ_SECONDS:-60}
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

# cargo-fuzz asks for flags that the stable compiler has, but does not admit to.
export RUSTC_BOOTSTRAP=1
cargo_fuzz() {
    target/tools/bin/cargo-fuzz fuzz "$@"
}

cargo_fuzz build
for target in "${targets[@]}"; do
    printf '\n== %s, for %s s\n' "$target" "$seconds"
    corpus=fuzz/corpus/$target
    mkdir -p "$corpus"
    case $target in
        idl_*) dictionary=fuzz/dictionaries/idl.dict ;;
        *json) dictionary=fuzz/dictionaries/json.dict ;;
        *) dictionary=fuzz/dictionaries/wire.dict ;;
    esac
    cargo_fuzz run "$target" "$corpus" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -dict="$dictionary" \
        -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
done
