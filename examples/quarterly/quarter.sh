#!/bin/sh
# The quarter: does the card in force still hold, and is the new one better?
#
#   ./quarter.sh [AS_OF]    AS_OF: the day of the export, such as 2026-07-01; default: the latest
#                           time in the export. The last quarter that ended by then is calibrated.
#
# Exit code 0: nothing to decide. 3: a person has to look (monitoring says recalibrate, or the gate
# does not recommend the new card); everything is written all the same. 1: an error, said in one
# line. Run twice on the same export it changes nothing. It never puts a card in force; you do:
#   calibrate promote runs/2026Q2-... --who "A. Name" --why "the gate recommends it"
set -u
cd "$(dirname "$0")" || exit 1
calibrate=${CALIBRATE:-calibrate}
decide=0

step() {
    $calibrate "$@"
    case $? in
        0) ;;
        3) decide=3 ;;
        *) exit 1 ;;
    esac
}

if [ -f runs/current.json ]; then
    echo "== does the card in force still hold?"
    step monitor ${1:+--as-of "$1"}
fi

echo "== the quarter's card"
step run ${1:+--as-of "$1"}
exit $decide
