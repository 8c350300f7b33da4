# SPDX-License-Identifier: MIT
# Completion of kmemwatch for fish.

set -l commands status alerts explain who top silence unsilence ack history report evidence \
    metrics check record import replay test send-test setup help

function __kmemwatch_channels
    for f in /etc/kmemwatch/channels.d/*.ini
        string replace -r '.*/(.*)\.ini$' '$1' -- $f
    end
end

function __kmemwatch_dimensions
    printf '%s\n' SUnreclaim SReclaimable Slab VmallocUsed KernelStack PageTables SecPageTables \
        Percpu unaccounted
end

function __kmemwatch_rules
    for f in /usr/lib/kmemwatch/rules.d/*.ini /usr/local/lib/kmemwatch/rules.d/*.ini \
            /etc/kmemwatch/rules.d/*.ini
        string replace -rf '^\[(.*)\]$' '$1' <$f
    end
end

# The command is the first word that is one: what follows may be called like another.
function __kmemwatch_command
    set -l given (commandline -opc)
    for word in $given[2..]
        if contains -- $word status alerts explain who top silence unsilence ack history report \
                evidence metrics check record import replay test send-test setup help
            contains -- $word $argv
            return
        end
    end
    test (count $argv) = 0
end

set -l c complete -c kmemwatch
$c -f
$c -l runtime -xa '(__fish_complete_directories)' -d 'Where the sockets are'
$c -l config -xa '(__fish_complete_directories)' -d 'The settings'
$c -l state -xa '(__fish_complete_directories)' -d 'The state'
$c -l no-colour -d 'No colours'
$c -s h -l help -d 'Help'
$c -l version -d 'The version'

$c -n __kmemwatch_command -a status -d 'What is watched, what is wrong, what waits'
$c -n __kmemwatch_command -a alerts -d 'Active alerts and what to look at first'
$c -n __kmemwatch_command -a explain -d 'Why a rule says what it says'
$c -n __kmemwatch_command -a who -d 'Who is behind a growth'
$c -n __kmemwatch_command -a top -d 'Dimensions and who makes them grow, live'
$c -n __kmemwatch_command -a silence -d 'Tell no channel of a rule or dimension for a time'
$c -n __kmemwatch_command -a unsilence -d 'End a silence before its time'
$c -n __kmemwatch_command -a ack -d 'An alert is known: no channel hears until it gets worse'
$c -n __kmemwatch_command -a history -d 'What was told in the past'
$c -n __kmemwatch_command -a report -d 'A page to look at'
$c -n __kmemwatch_command -a evidence -d 'What a kernel developer asks for'
$c -n __kmemwatch_command -a metrics -d 'What status says, as metrics for Prometheus'
$c -n __kmemwatch_command -a check -d 'What is wrong with settings, rules and channels'
$c -n __kmemwatch_command -a record -d 'Write samples as a trace'
$c -n __kmemwatch_command -a import -d 'What other tools recorded, as a trace'
$c -n __kmemwatch_command -a replay -d 'What the rules would have said of a trace'
$c -n __kmemwatch_command -a test -d 'Hold rules against what they are expected to say'
$c -n __kmemwatch_command -a send-test -d 'Send a test message to a channel'
$c -n __kmemwatch_command -a setup -d 'Set up a channel and try it'
$c -n __kmemwatch_command -a help -d Help

# Options of several commands.
$c -n '__kmemwatch_command status alerts explain who top silence unsilence ack history check replay send-test' \
    -l json -d 'Print JSON'
$c -n '__kmemwatch_command who top history report' -s S -l since -x \
    -a '10min 1h 24h 7d today yesterday' -d 'From then on'
$c -n '__kmemwatch_command history report' -s U -l until -x -d 'Up to then'
$c -n '__kmemwatch_command history report' -l rule -x \
    -a '(__kmemwatch_dimensions; __kmemwatch_rules)' -d 'Rule or dimension'
$c -n '__kmemwatch_command history report' -l host -x -d 'of this machine alone'
$c -n '__kmemwatch_command history report' -s D -l directory \
    -xa '(__fish_complete_directories)' -d 'The journal in this folder'
$c -n '__kmemwatch_command check report replay test' -l rules \
    -xa '(__fish_complete_directories)' -d 'The rules'
$c -n '__kmemwatch_command check status' -l channels -xa '(__fish_complete_directories)' \
    -d 'The channels'
$c -n '__kmemwatch_command check test' -s q -l quiet -d 'Print faults only'
$c -n '__kmemwatch_command record evidence' -l root -xa '(__fish_complete_directories)' \
    -d 'A recorded machine'
$c -n '__kmemwatch_command record import report evidence test' -s o -l output -rF -d 'Write to'

$c -n '__kmemwatch_command explain silence unsilence ack' \
    -a '(__kmemwatch_dimensions; __kmemwatch_rules)'
$c -n '__kmemwatch_command who' -a '(__kmemwatch_dimensions)'
$c -n '__kmemwatch_command top' -l once -d 'Once, not again and again'
$c -n '__kmemwatch_command top' -l interval -x -a '1s 5s 10s 1min' -d 'Time between pictures'
$c -n '__kmemwatch_command silence' -l for -x -a '10min 30min 1h 2h 8h 1d' -d 'How long'
$c -n '__kmemwatch_command silence' -l why -x -d 'The reason'
$c -n '__kmemwatch_command history' -s n -l lines -x -d 'So many of the newest'
$c -n '__kmemwatch_command history' -s f -l follow -d 'Go on with what comes'
$c -n '__kmemwatch_command history' -l no-pager -d 'Straight to the terminal'
$c -n '__kmemwatch_command report' -l alert -x -d 'Around this alert'
$c -n '__kmemwatch_command report' -l trace -rF -d 'Of a recorded trace'
$c -n '__kmemwatch_command evidence' -l requests -xa '(__fish_complete_directories)' \
    -d 'Only if asked for there'
$c -n '__kmemwatch_command metrics' -l serve -d 'Answer one HTTP request'
$c -n '__kmemwatch_command metrics' -l textfile -rF -d 'Replace a file'
$c -n '__kmemwatch_command check' -a '(__fish_complete_directories)'
$c -n '__kmemwatch_command record' -l interval -x -a '100ms 1s 10s 1min' \
    -d 'Time between samples'
$c -n '__kmemwatch_command record' -l members -x -a "'slab:*' 'cgroup:*/slab'" \
    -d 'Also slab caches and cgroups'
$c -n '__kmemwatch_command record' -l for -x -a '1min 10min 1h 8h 1d' -d 'Stop after this time'
$c -n '__kmemwatch_command import' -l kind -x -a 'physical vm container' -d 'Of the machine'
$c -n '__kmemwatch_command import replay test' -F
$c -n '__kmemwatch_command replay' -l alerts -d 'Events as JSON lines'
$c -n '__kmemwatch_command replay' -l scores -d 'A score of each value'
$c -n '__kmemwatch_command replay' -l explain -x \
    -a '(__kmemwatch_dimensions; __kmemwatch_rules)' -d 'Why the rules say so'
$c -n '__kmemwatch_command replay' -l at -x -d 'When'
$c -n '__kmemwatch_command test' -l only -x -d 'Tests whose names fit'
$c -n '__kmemwatch_command send-test' -a '(__kmemwatch_channels)'
$c -n '__kmemwatch_command setup' -a 'slack pagerduty webhook alertmanager discord mattermost teams opsgenie'
$c -n '__kmemwatch_command setup' -l name -x -d 'Name of the channel'
$c -n '__kmemwatch_command setup' -l secret -rF -d 'File with the secret'
$c -n '__kmemwatch_command setup' -l url -x -d Address
$c -n '__kmemwatch_command setup' -l replace -d 'A channel of this name'
$c -n '__kmemwatch_command help' -a "$commands"
