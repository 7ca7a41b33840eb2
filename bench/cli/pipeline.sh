#!/usr/bin/env bash
# The shell's way from statistics files to the prefixes of each country, IPv4 only.
#
#   pipeline.sh FOLDER AWK IPRANGE FILE…    FOLDER/KR.cidr, FOLDER/JP.cidr, …
#
# One pass of awk over all files for all countries, which is the fast way: most scripts run
# awk or grep over them once for each country. %.0f, since mawk's %d stops at 2^31.
set -euo pipefail
folder=$1 awk=$2 iprange=$3
shift 3

"$awk" -F'|' -v folder="$folder" '
  $3 == "ipv4" && ($7 == "allocated" || $7 == "assigned") && $2 != "" {
    split($4, octet, ".")
    first = ((octet[1] * 256 + octet[2]) * 256 + octet[3]) * 256 + octet[4]
    printf "%.0f-%.0f\n", first, first + $5 - 1 > (folder "/" $2 ".ranges")
  }
' "$@"
for ranges in "$folder"/*.ranges; do
  "$iprange" "$ranges" > "${ranges%.ranges}.cidr"
done
