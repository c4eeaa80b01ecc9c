# Runs command lines, so many at once, in the order they come, each in a process group of its own that ends when its
# time is over. Its children are born in that order, which is how who watches knows them.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);

my ($list, $report, $at_once, $limit) = @ARGV;
open(my $in, '<', $list) or die "$list: $!";
binmode $in;
my @commands = split /\n/, do { local $/; <$in> };
close $in;
open(my $out, '>', $report) or die "$report: $!";
my (%running, %late);
my $next = 0;
while ($next < @commands || %running) {
  while ($next < @commands && keys %running < $at_once) {
    my $child = fork;
    if (!defined $child) { sleep 0.05; last; }
    if ($child == 0) {
      setpgrp(0, 0);
      open(STDIN, '<', '/dev/null');
      open(STDOUT, '>', '/dev/null');
      open(STDERR, '>', '/dev/null');
      my @words = split /\0/, $commands[$next], -1;
      exec { $words[0] } @words;
      POSIX::_exit(127);
    }
    $running{$child} = [$next, time];
    $next++;
  }
  my $ended = waitpid(-1, %late || %running ? POSIX::WNOHANG() : 0);
  if ($ended > 0) {
    my $of = delete $running{$ended} or next;
    # What it left behind ends with it.
    kill 'KILL', -$ended;
    printf $out "%d %d %s %.0f\n", $of->[0], $? >> 8, $late{$ended} ? 'stopped' : 'ended', (time - $of->[1]) * 1000;
    delete $late{$ended};
    next;
  }
  for my $each (keys %running) {
    next if time - $running{$each}[1] < $limit;
    $late{$each} = 1;
    kill 'KILL', -$each;
  }
  sleep 0.004;
}
close $out;
