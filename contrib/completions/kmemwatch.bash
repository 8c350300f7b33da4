# SPDX-License-Identifier: MIT
# Completion of kmemwatch for bash.

_kmemwatch_rules() {
    sed -n 's/^\[\(.*\)\]$/\1/p' /usr/lib/kmemwatch/rules.d/*.ini \
        /usr/local/lib/kmemwatch/rules.d/*.ini /etc/kmemwatch/rules.d/*.ini 2>/dev/null
}

_kmemwatch() {
    local cur prev words cword command='' i
    _init_completion -s 2>/dev/null || {
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD - 1]}
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
    }
    local commands='status alerts explain who top silence unsilence ack history report evidence metrics check record import'
    commands+=' replay test send-test setup help'
    local dimensions='SUnreclaim SReclaimable Slab VmallocUsed KernelStack PageTables SecPageTables Percpu unaccounted'
    local options='--runtime --config --state --no-colour --help --version'

    case $prev in
    --runtime | --config | --state | --rules | --channels | --root)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    -o | --output | --textfile)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --since)
        mapfile -t COMPREPLY < <(compgen -W '1min 10min 1h 24h 7d' -- "$cur")
        return
        ;;
    --kind)
        mapfile -t COMPREPLY < <(compgen -W 'physical vm container' -- "$cur")
        return
        ;;
    --interval)
        mapfile -t COMPREPLY < <(compgen -W '100ms 1s 10s 1min' -- "$cur")
        return
        ;;
    --for)
        mapfile -t COMPREPLY < <(compgen -W '1min 10min 1h 8h 1d' -- "$cur")
        return
        ;;
    esac

    for ((i = 1; i < cword; i++)); do
        case " $commands " in
        *" ${words[i]} "*)
            command=${words[i]}
            break
            ;;
        esac
    done

    case $command in
    '')
        mapfile -t COMPREPLY < <(compgen -W "$commands $options" -- "$cur")
        return
        ;;
    status) options+=' --json --channels' ;;
    alerts | explain) options+=' --json' ;;
    who) options+=' --since --json' ;;
    top) options+=' --since --interval --once --json' ;;
    silence) options+=' --for --why --json' ;;
    unsilence | ack) options+=' --json' ;;
    check) options+=' --quiet --rules --channels --json' ;;
    record) options+=' --interval --for --members --root --output' ;;
    history) options+=' --since --until --lines --follow --rule --host --directory --no-pager --json' ;;
    setup) options+=' --name --secret --url --replace' ;;
    metrics) options+=' --serve --textfile' ;;
    import) options+=' --output --kind' ;;
    evidence) options+=' --output --requests --root' ;;
    report) options+=' --since --until --rule --host --alert --trace --rules --directory --output' ;;
    replay) options+=' --rules --alerts --scores --explain --at --json' ;;
    test) options+=' --rules --only --output --quiet' ;;
    send-test) options+=' --json' ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        return
    fi
    case $command in
    import) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    check) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    replay | test) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    who) mapfile -t COMPREPLY < <(compgen -W "$dimensions" -- "$cur") ;;
    explain | silence | unsilence | ack)
        mapfile -t COMPREPLY < <(compgen -W "$dimensions $(_kmemwatch_rules)" -- "$cur")
        ;;
    setup)
        mapfile -t COMPREPLY < <(compgen -W 'slack pagerduty webhook alertmanager discord mattermost teams opsgenie' -- "$cur")
        ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
    send-test)
        local names
        names=$(shopt -s nullglob; cd /etc/kmemwatch/channels.d 2>/dev/null && echo *.ini)
        mapfile -t COMPREPLY < <(compgen -W "${names//.ini/}" -- "$cur")
        ;;
    esac
}
complete -F _kmemwatch kmemwatch
