# Sends an ICMP or ICMPv6 echo request and waits for the answer: prints open or dropped.
# For network namespaces of tests; perl is in Debian's base, ping is not.
#
#   perl ping.pl FROM TO
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);

my ($from, $to) = @ARGV;
my $six = $to =~ /:/;
my $address = sub {
    return $six ? pack_sockaddr_in6(0, inet_pton(AF_INET6, $_[0])) : pack_sockaddr_in(0, inet_aton($_[0]));
};
socket(my $socket, $six ? AF_INET6 : AF_INET, SOCK_RAW, $six ? 58 : 1) or die "socket: $!";
bind($socket, $address->($from)) or die "bind $from: $!";

my $id = $$ & 0xffff;
my ($request, $reply) = $six ? (128, 129) : (8, 0);
my $packet = pack('C2 n3', $request, 0, 0, $id, 1);
unless ($six) {    # the kernel sums ICMPv6 itself
    my $sum = 0;
    $sum += $_ for unpack('n*', $packet);
    $sum = ($sum >> 16) + ($sum & 0xffff);
    $packet = pack('C2 n3', $request, 0, ~$sum & 0xffff, $id, 1);
}
defined send($socket, $packet, 0, $address->($to)) or die "send: $!";

my $deadline = time + 2;
while (time < $deadline) {
    my $ready = '';
    vec($ready, fileno($socket), 1) = 1;
    select($ready, undef, undef, 0.7) or last;
    recv($socket, my $answer, 1500, 0);
    $answer = substr($answer, (ord($answer) & 15) * 4) unless $six;    # behind the IP header
    my ($type, undef, undef, $of) = unpack('C2 n2', $answer);
    if ($type == $reply && $of == $id) { print "open\n"; exit }
}
print "dropped\n";
