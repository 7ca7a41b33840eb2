/** What `-h` prints: rbldnsd's options, and what is different here. */
export const USAGE = `sekisho rbldnsd: serves rbldnsd's zone files, with rbldnsd's arguments
Usage: sekisho rbldnsd options zone:type:file,file...
where options are:
 -u user[:group] - run as this user and group (rbldns; nobody where that one does not exist)
 -r folder - make it the root folder (chroot); files are looked up in it
 -w folder - working folder with the zone files
 -b address[/port] - listen on this address (needed; up to 20 of them)
 -4 - use IPv4 sockets
 -6 - use IPv6 sockets
 -t default:minimum:maximum - TTL of answers, and bounds for those in files (35m)
 -v - no version number in answers about version.bind (twice: refuse them)
 -e - take prefixes with host bits set, as in 127.0.0.1/8
 -c time - how often files are looked at for changes (1m; 0: never)
 -p file - write the process id to this file
 -n - stay in the foreground
 -f - answer during reloads (it is always so here)
 -q - load zones after going to the background, and go on where that fails
 -l [+]file - log queries and answers (+: every line at once; -: standard output)
 -s [+]file - write statistics at every check (+: what came since the last line)
 -a - leave name servers out of answers
 -A - put them into every answer
 -F facility - syslog's facility (daemon)
 -C - do not decompress files
 -d - print all zones in the form of a BIND zone file, and end
 -h - print this
 -x file, -X argument - extensions of rbldnsd; refused here
Zones with one name are one zone, the most specific zone answers, and an acl with an empty zone
name is for all. Dataset types:
 ip4set - IPv4 ranges with values
 ip4trie - IPv4 prefixes with values, the longest one decides
 ip4tset - single IPv4 addresses with one value
 ip6trie - IPv6 prefixes with values, the longest one decides
 ip6tset - IPv6 networks of 64 bits with one value
 dnset - domain names with values
 combined - several datasets and subzones in one file
 generic - A, TXT and MX records
 acl - what clients may ask
`;
