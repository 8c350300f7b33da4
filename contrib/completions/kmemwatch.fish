# SPDX-License-Identifier: MIT
# Completion of kmemwatch for fish.

set -l commands status alerts explain who top silence unsilence ack history report evidence metrics check record import \
    replay test send-test setup help

function __kmemwatch_channels
    for f in /etc/kmemwatch/channels.d/*.ini
        string replace -r '.*/(.*)\.ini$' '$1' -- $f
    end
end

complete -c kmemwatch -f
complete -c kmemwatch -l runtime -xa '(__fish_complete_directories)' -d 'where the sockets are'
complete -c kmemwatch -l config -xa '(__fish_complete_directories)' -d 'the settings'
complete -c kmemwatch -l state -xa '(__fish_complete_directories)' -d 'the state'
complete -c kmemwatch -l no-colour -d 'no colours'
complete -c kmemwatch -s h -l help -d 'help'
complete -c kmemwatch -l version -d 'the version'

complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a status \
    -d 'what is watched, what is wrong, what waits'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a alerts \
    -d 'active alerts and what to look at first'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a history \
    -d 'What was told in the past'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a explain \
    -d 'why a rule says what it says'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a who \
    -d 'who is behind a growth'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a top \
    -d 'dimensions and who makes them grow, live'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a silence \
    -d 'tell no channel of a rule or dimension for a time'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a unsilence \
    -d 'end a silence before its time'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a ack \
    -d 'an alert is known, tell no channel until it gets worse'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a check \
    -d 'what is wrong with settings, rules and channels'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a record \
    -d 'write samples as a trace'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a replay \
    -d 'what the rules would have said of a trace'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a test \
    -d 'hold rules against what they are expected to say'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a send-test \
    -d 'send a test message to a channel'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a help -d 'help'

complete -c kmemwatch -n '__fish_seen_subcommand_from status alerts explain history check replay send-test' -l json \
    -d 'print JSON'
complete -c kmemwatch -n '__fish_seen_subcommand_from who top' -l json -d 'print JSON'
complete -c kmemwatch -n '__fish_seen_subcommand_from who top' -l since -x \
    -a '1min 10min 1h 24h' -d 'from then on'
complete -c kmemwatch -n '__fish_seen_subcommand_from who' \
    -a 'SUnreclaim SReclaimable Slab VmallocUsed KernelStack PageTables SecPageTables Percpu unaccounted'
complete -c kmemwatch -n '__fish_seen_subcommand_from top' -l once -d 'once, not again and again'
complete -c kmemwatch -n '__fish_seen_subcommand_from top' -l interval -x \
    -a '1s 5s 10s 1min' -d 'time between pictures'
complete -c kmemwatch -n '__fish_seen_subcommand_from silence unsilence ack' -l json -d 'print JSON'
complete -c kmemwatch -n '__fish_seen_subcommand_from silence' -l for -x \
    -a '10min 30min 1h 2h 8h 1d' -d 'how long'
complete -c kmemwatch -n '__fish_seen_subcommand_from silence' -l why -x -d 'the reason'
complete -c kmemwatch -n '__fish_seen_subcommand_from check test' -s q -l quiet -d 'print faults only'
complete -c kmemwatch -n '__fish_seen_subcommand_from check replay test' -l rules \
    -xa '(__fish_complete_directories)' -d 'the rules'
complete -c kmemwatch -n '__fish_seen_subcommand_from check status' -l channels \
    -xa '(__fish_complete_directories)' -d 'the channels'
complete -c kmemwatch -n '__fish_seen_subcommand_from check' -a '(__fish_complete_directories)'
complete -c kmemwatch -n '__fish_seen_subcommand_from record' -l interval -x \
    -a '100ms 1s 10s 1min' -d 'time between samples'
complete -c kmemwatch -n '__fish_seen_subcommand_from record' -l for -x \
    -a '1min 10min 1h 8h 1d' -d 'stop after this time'
complete -c kmemwatch -n '__fish_seen_subcommand_from record' -l root \
    -xa '(__fish_complete_directories)' -d 'a recorded machine'
complete -c kmemwatch -n '__fish_seen_subcommand_from record test' -s o -l output -r -F -d 'write to'
complete -c kmemwatch -n '__fish_seen_subcommand_from replay' -l alerts -d 'events as JSON lines'
complete -c kmemwatch -n '__fish_seen_subcommand_from replay' -l scores -d 'a score of each value'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a metrics \
    -d 'what status says, as metrics for Prometheus'
complete -c kmemwatch -n '__fish_seen_subcommand_from metrics' -l serve -d 'answer one HTTP request'
complete -c kmemwatch -n '__fish_seen_subcommand_from metrics' -l textfile -r -F -d 'replace a file'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a evidence \
    -d 'What a kernel developer asks for'
complete -c kmemwatch -n '__fish_seen_subcommand_from evidence' -l requests -r \
    -xa '(__fish_complete_directories)' -d 'Only if asked for there'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a report \
    -d 'A page to look at'
complete -c kmemwatch -n '__fish_seen_subcommand_from report' -l alert -x -d 'Around this alert'
complete -c kmemwatch -n '__fish_seen_subcommand_from report' -l trace -rF -d 'Of a recorded trace'
complete -c kmemwatch -n '__fish_seen_subcommand_from history report' -s S -l since -x \
    -a '1h 24h 7d 30d today yesterday' -d 'From then on'
complete -c kmemwatch -n '__fish_seen_subcommand_from history report' -s U -l until -x -d 'Up to then'
complete -c kmemwatch -n '__fish_seen_subcommand_from history' -s n -l lines -x \
    -d 'So many of the newest'
complete -c kmemwatch -n '__fish_seen_subcommand_from history' -s f -l follow \
    -d 'Go on with what comes'
complete -c kmemwatch -n '__fish_seen_subcommand_from history' -l no-pager \
    -d 'Straight to the terminal'
complete -c kmemwatch -n '__fish_seen_subcommand_from history report' -l rule -x -d 'Rule or dimension'
complete -c kmemwatch -n '__fish_seen_subcommand_from history report' -s D -l directory -xa '(__fish_complete_directories)' \
    -d 'The journal in this folder'
complete -c kmemwatch -n '__fish_seen_subcommand_from replay' -l explain -x \
    -d 'why the rules say so: rule or dimension'
complete -c kmemwatch -n '__fish_seen_subcommand_from replay' -l at -x -d 'when'
complete -c kmemwatch -n '__fish_seen_subcommand_from replay test' -F
complete -c kmemwatch -n '__fish_seen_subcommand_from test' -l only -x -d 'tests whose names fit'
complete -c kmemwatch -n '__fish_seen_subcommand_from send-test' -a '(__kmemwatch_channels)'
complete -c kmemwatch -n '__fish_seen_subcommand_from help' -a "$commands"
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a setup \
    -d 'Set up a channel and try it'
complete -c kmemwatch -n '__fish_seen_subcommand_from setup' \
    -a 'slack pagerduty webhook alertmanager'
complete -c kmemwatch -n '__fish_seen_subcommand_from setup' -l name -x -d 'Name of the channel'
complete -c kmemwatch -n '__fish_seen_subcommand_from setup' -l secret -rF -d 'File with the secret'
complete -c kmemwatch -n '__fish_seen_subcommand_from setup' -l url -x -d 'Address'
complete -c kmemwatch -n '__fish_seen_subcommand_from setup' -l replace -d 'A channel of this name'
complete -c kmemwatch -n "not __fish_seen_subcommand_from $commands" -a import \
    -d 'What other tools recorded, as a trace'
complete -c kmemwatch -n '__fish_seen_subcommand_from import' -F
complete -c kmemwatch -n '__fish_seen_subcommand_from import' -l kind \
    -xa 'physical vm container' -d 'What the machine was'
