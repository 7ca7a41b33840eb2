#!/usr/bin/env bash
# The same as pipeline.sh in the way most published scripts go: awk over all files once for
# each country.
#
#   pipeline-each.sh FOLDER AWK IPRANGE FILE…
set -euo pipefail
folder=$1 awk=$2 iprange=$3
shift 3

for country in $("$awk" -F'|' '$3 == "ipv4" && !seen[$2]++ && $2 ~ /^[A-Z][A-Z]$/ { print $2 }' "$@"); do
  "$awk" -F'|' -v country="$country" '
    $2 == country && $3 == "ipv4" && ($7 == "allocated" || $7 == "assigned") {
      split($4, octet, ".")
      first = ((octet[1] * 256 + octet[2]) * 256 + octet[3]) * 256 + octet[4]
      printf "%.0f-%.0f\n", first, first + $5 - 1
    }
  ' "$@" | "$iprange" > "$folder/$country.cidr"
done
